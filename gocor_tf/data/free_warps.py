"""The published generator of warps for any single photograph.

`spec/training.md` 1.3 and 1.4: a photograph is stretched to a square view,
the view is warped, and the centre of both is cut out, so that warped images
have few black borders. Used for GLU-Net on single photographs and for warp
consistency (Truong et al., ICCV 2021).

Convention:
    The corners of the whole view, at -1 and +1, are pixel centres. Warps go
    from reference to query. The published generator cannot tell where a
    reference pixel's match lies once it has left the view (it writes -1e10);
    here it can, so that flows are finite everywhere and the mask tells which
    of them are in view.
"""

import dataclasses

import numpy as np

from gocor_tf.data import canvases, warp_formulas

TRANSFORMATIONS = ("homography", "affine", "tps", "affine_tps")
# What mirrored positions do to the basis functions of a spline: control
# points on the left change places with those on the right, x changes sign.
_MIRRORED = np.array([6, 7, 8, 3, 4, 5, 0, 1, 2, 9, 10, 11])


@dataclasses.dataclass(frozen=True)
class FreeWarps:
    """A law for `SyntheticPairs`, and a source of warps by themselves.

    All shifts are in half sides of the view.

    Args:
        transformations: names out of `TRANSFORMATIONS`, equally frequent.
        view_size: side of the warped view, in pixels; its centre is used.
        shift: largest affine translation.
        scale: affine scales are drawn from `1 +- scale`.
        angle: largest affine rotation and shear angle, in degrees.
        homography_shift: largest shift of each corner.
        tps_shift: largest shift of each spline control point.
        affine_tps_shift: the same, for splines followed by an affine warp.
        flip_probability: share of warps that show the view mirrored.

    Example:
    ```python
    law = FreeWarps(view_size=320)
    homography, spline = law.draw(np.random.default_rng(0))
    half_extent, centre = law.units(256)
    points = warp_formulas.pixel_points(256, half_extent, centre)
    x, y = warp_formulas.map_points(
        warp_formulas.spline_basis(points), homography[None], spline[None]
    )
    matched_x = x * half_extent + centre  # (1, 256 * 256), in pixels
    ```
    """

    transformations: tuple = ("homography", "tps", "affine_tps")
    view_size: int = 750
    shift: float = 0.25
    scale: float = 0.45
    angle: float = 15.0
    homography_shift: float = 0.5
    tps_shift: float = 0.5
    affine_tps_shift: float = 0.15
    flip_probability: float = 0.0

    def __post_init__(self):
        unknown = set(self.transformations) - set(TRANSFORMATIONS)
        if unknown or not self.transformations:
            raise ValueError(
                "`transformations` must be names out of "
                f"{TRANSFORMATIONS}. Received: "
                f"transformations={self.transformations}"
            )
        if self.view_size < 2:
            raise ValueError(
                f"`view_size` must be > 1. Received: view_size={self.view_size}"
            )
        for name in ("scale", "homography_shift"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ValueError(
                    f"`{name}` must be in [0, 1). Received: "
                    f"{name}={getattr(self, name)}"
                )
        if not 0.0 <= self.flip_probability <= 1.0:
            raise ValueError(
                "`flip_probability` must be in [0, 1]. Received: "
                f"flip_probability={self.flip_probability}"
            )

    def units(self, size):
        """Returns half the extent of the view and its centre, in pixels.

        Args:
            size: side of the centre that is used; pixels are counted from
                its corner.

        Raises:
            ValueError: if it is larger than the view.
        """
        if size > self.view_size:
            raise ValueError(
                "`size` must be <= `view_size`. Received: "
                f"size={size}, view_size={self.view_size}"
            )
        half = (self.view_size - 1) / 2
        return half, half - (self.view_size - size) // 2

    def needed_side(self, size):
        """Returns the short side a photograph needs, in pixels."""
        return self.view_size

    def draw(self, rng):
        """Draws one warp alone.

        Args:
            rng: `numpy.random.Generator`.

        Returns:
            A homography `(3, 3)` and a spline `(12, 2)`, for
            `warp_formulas.map_points`.
        """
        kind = rng.choice(self.transformations)
        homography, spline_shift = np.eye(3), 0.0
        if kind == "homography":
            shift = rng.uniform(-1, 1, (1, 4, 2)) * self.homography_shift
            homography = warp_formulas.solve_homographies(
                warp_formulas.CORNERS + shift
            )[0]
        elif kind == "tps":
            spline_shift = self.tps_shift
        if kind in ("affine", "affine_tps"):
            homography = self._draw_affine(rng)
        if kind == "affine_tps":
            spline_shift = self.affine_tps_shift
        shift = spline_shift * rng.uniform(-1, 1, (1, 9, 2))
        spline = warp_formulas.solve_splines(
            warp_formulas.CONTROL_POINTS + shift
        )[0]
        if rng.uniform() < self.flip_probability:
            spline = spline[_MIRRORED]
            spline[10] *= -1
        return homography, spline

    def sample(self, rng, size, index=None):
        """Draws one pair; see `synthetic_pairs` for what a law returns."""
        homography, spline = self.draw(rng)
        return {"homography": homography, "spline": spline}

    def cut(self, photograph, sampled, size):
        """Cuts canvas and query; see `synthetic_pairs`."""
        canvas = canvases.stretch(photograph, self.view_size)
        half = (self.view_size - 1) / 2
        view = np.array([(half, 0, half), (0, half, half)])
        return {
            "canvas": canvas,
            "query": canvases.cut_view(canvas, view, size, self.units(size)),
            "view": view,
            "window": np.array([[0, 0], [self.view_size - 1] * 2]),
            "step": 1.0,
        }

    def _draw_affine(self, rng):
        limit = np.radians(self.angle)
        angle, shear_angle = rng.uniform(-limit, limit, (2, 1))
        stretch = 1 + rng.uniform(-1, 1, (1, 2)) * self.scale
        shift = rng.uniform(-1, 1, (1, 2)) * self.shift
        return warp_formulas.affine_matrices(
            angle, shear_angle, stretch, shift
        )[0]
