"""Our own law of warps: two views of one photograph, strongly different.

Convention:
    A view's outer edges are at -1 and +1. `G` takes reference positions to
    query positions.
"""

import dataclasses

import cv2
import numpy as np

from gocor_tf.data import canvases, view_sampling

TRANSFORMATIONS = ("homography", "affine", "tps", "affine_tps")


@dataclasses.dataclass(frozen=True)
class ViewWarps:
    """A law for `SyntheticPairs`: two views of a square piece of photograph.

    All shifts are in half view sides: 0.2 is a tenth of a view.

    Args:
        transformations: names out of `TRANSFORMATIONS`.
        transformation_weights: relative frequencies; `None`: all equal.
        homography_shift: largest shift of each view corner.
        affine_shift: largest translation of affine warps.
        affine_scale: affine scales are drawn from `1 +- affine_scale`.
        affine_angle: largest affine rotation and shear angle, in degrees.
        tps_shift: largest shift of each spline control point.
        affine_tps_shift: the same, for splines followed by an affine warp.
        shift: largest translation added to any warp.
        rotation: largest in-plane rotation, in degrees.
        rotation_probability: share of pairs that are rotated.
        zoom: largest zoom factor, either way, drawn log-uniformly.
        zoom_probability: share of pairs that are zoomed.
        gentle_probability: share of pairs whose warp is weak.
        gentlest: smallest factor on all that such a warp does, drawn
            log-uniformly up to 1.
        view_extent: range of the wider view's side, in canvas sides.
        view_aspect: largest width-to-height ratio (or its inverse) of what
            a view covers; real photographs are squeezed to a square likewise.
        min_in_view: smallest share of the reference that must match inside
            the query, before zoom: a zoom of `z` may lower it by `z**2`.
        canvas_size: side of the piece of photograph behind a pair, in pixels.
        crop_range: range of that piece's side, in short sides of the
            photograph.
    """

    transformations: tuple = TRANSFORMATIONS
    transformation_weights: tuple | None = None
    homography_shift: float = 0.4
    affine_shift: float = 0.25
    affine_scale: float = 0.45
    affine_angle: float = 15.0
    tps_shift: float = 0.33
    affine_tps_shift: float = 0.15
    shift: float = 0.2
    rotation: float = 180.0
    rotation_probability: float = 0.0
    zoom: float = 4.0
    zoom_probability: float = 0.0
    gentle_probability: float = 0.0
    gentlest: float = 0.03
    view_extent: tuple = (0.6, 1.0)
    view_aspect: float = 1.4
    min_in_view: float = 0.3
    canvas_size: int = 352
    crop_range: tuple = (0.75, 1.0)

    def __post_init__(self):
        unknown = set(self.transformations) - set(TRANSFORMATIONS)
        if unknown or not self.transformations:
            raise ValueError(
                "`transformations` must be names out of "
                f"{TRANSFORMATIONS}. Received: "
                f"transformations={self.transformations}"
            )
        weights = self.transformation_weights
        if weights is not None and (
            len(weights) != len(self.transformations)
            or min(weights) < 0
            or sum(weights) <= 0
        ):
            raise ValueError(
                "`transformation_weights` must be one weight >= 0 for each "
                "transformation, not all 0. Received: "
                f"transformation_weights={weights}"
            )
        for name in (
            "rotation_probability",
            "zoom_probability",
            "gentle_probability",
            "min_in_view",
        ):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(
                    f"`{name}` must be in [0, 1]. Received: "
                    f"{name}={getattr(self, name)}"
                )
        if not 0.0 < self.gentlest <= 1.0:
            raise ValueError(
                "`gentlest` must be in (0, 1]. Received: "
                f"gentlest={self.gentlest}"
            )
        for name in ("zoom", "view_aspect"):
            if getattr(self, name) < 1.0:
                raise ValueError(
                    f"`{name}` must be >= 1. Received: "
                    f"{name}={getattr(self, name)}"
                )
        for name in ("view_extent", "crop_range"):
            low, high = getattr(self, name)
            if not 0.0 < low <= high <= 1.0:
                raise ValueError(
                    f"`{name}` must be a range within (0, 1]. Received: "
                    f"{name}={getattr(self, name)}"
                )
        if self.canvas_size < 1:
            raise ValueError(
                "`canvas_size` must be > 0. Received: "
                f"canvas_size={self.canvas_size}"
            )

    def units(self, size):
        """Returns half the extent of a view and its centre, in pixels."""
        return size / 2, (size - 1) / 2

    def needed_side(self, size):
        """Returns the short side a photograph needs, in pixels."""
        return self.canvas_size / self.crop_range[0]

    def sample(self, rng, size, index=None):
        """Draws one pair; see `synthetic_pairs` for what a law returns."""
        drawn = {
            k: v[0] for k, v in view_sampling.sample_warps(rng, 1, self).items()
        }
        return {**drawn, "crop": rng.uniform(size=4)}

    def cut(self, photograph, sampled, size):
        """Cuts canvas and query; see `synthetic_pairs`."""
        canvas = self._cut_square(photograph, sampled["crop"])
        half = self.canvas_size / 2
        view = half * sampled["view"].astype("float64")
        view[:, 2] += half - 0.5
        steps = {
            role: sampled[f"{role}_scale"] * self.canvas_size / size
            for role in ("reference", "query")
        }
        sharp = {
            role: canvases.blur(canvas, 0.5 * max(step**2 - 1, 0) ** 0.5)
            for role, step in steps.items()
        }
        return {
            "canvas": sharp["reference"],
            "query": canvases.cut_view(
                sharp["query"], view, size, self.units(size)
            ),
            "view": view,
            "window": np.array([[0, 0], [self.canvas_size - 1] * 2]),
            "step": steps["reference"],
        }

    def _cut_square(self, photograph, draws):
        """Cuts a square out of a photograph, half of the time mirrored."""
        height, width = photograph.shape[:2]
        low, high = self.crop_range
        side = (low + draws[0] * (high - low)) * min(height, width)
        side = max(round(side), 1)
        top = int(draws[1] * (height - side + 1))
        left = int(draws[2] * (width - side + 1))
        square = canvases.stretch(
            photograph[top : top + side, left : left + side], self.canvas_size
        )
        return cv2.flip(square, 1) if draws[3] < 0.5 else square
