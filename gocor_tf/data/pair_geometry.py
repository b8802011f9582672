"""From a sampled warp to flow and images; see `synthetic_pairs`."""

import numpy as np
from keras import ops

from gocor_tf.data import warp_formulas
from gocor_tf.ops.warp import warp_by_mapping

# Rounding may move a match this far, in pixels.
_TOLERANCE = 1e-3


class PairGeometry:
    """The grid of a pair of images, in pixels and in the units of a law.

    Args:
        size: side of the images, in pixels.
        half_extent: half the extent of a law's view, in pixels.
        centre: the middle of a law's view, in pixels.
    """

    def __init__(self, size, half_extent, centre):
        self.size = size
        self.half_extent = half_extent
        self.centre = centre
        points = warp_formulas.pixel_points(size, half_extent, centre)
        self._basis = warp_formulas.spline_basis(points)
        self._pixels = warp_formulas.pixel_points(size, 1, 0).astype("float32")

    def match(self, batch, delta=None):
        """Finds where the pixels of the reference lie.

        Args:
            batch: a dict of arrays or tensors: `homography` and `spline`.
            delta: `(batch, size, size, 2)`, where the reference is bent to,
                in pixels; None: nowhere.

        Returns:
            `(batch, size**2, 2)` (x, y), in the law's units.
        """
        x, y = warp_formulas.map_points(
            ops.convert_to_tensor(self._basis),
            batch["homography"],
            batch["spline"],
        )
        matched = ops.stack([x, y], axis=-1)
        if delta is None:
            return matched
        # Read off between the pixels' matches: the spline's logarithms anew
        # for every pixel would take longer than all the rest. The rim is bent
        # along itself alone, by a fraction of a pixel.
        shape = (-1, self.size, self.size, 2)
        bent = ops.reshape(self._pixels, (1, *shape[1:])) + delta
        bent = ops.clip(bent, 0, self.size - 1)
        matched = warp_by_mapping(ops.reshape(matched, shape), bent)
        return ops.reshape(matched, (-1, self.size**2, 2))

    def render(self, batch, matched):
        """Renders pairs, in the training step.

        Args:
            batch: a dict of arrays or tensors: `canvas`, `query`, `window`
                and `view`.
            matched: what `match` returned.

        Returns:
            A dict of float32 tensors `reference`, `query` and `flow`, and
            `(batch, size, size, 1)`, 1 where the reference shows the
            photograph, else 0.
        """
        shape = (-1, self.size, self.size, 2)
        flow = matched * self.half_extent + (self.centre - self._pixels)
        view = batch["view"][:, None]
        positions = (
            view[..., 0] * matched[..., :1]
            + view[..., 1] * matched[..., 1:]
            + view[..., 2]
        )
        first, last = batch["window"][:, :1], batch["window"][:, 1:]
        shown = ops.logical_and(positions > first, positions < last)
        shown = ops.all(ops.reshape(shown, shape), axis=-1, keepdims=True)
        pair = {
            "reference": warp_by_mapping(
                batch["canvas"], ops.reshape(positions, shape)
            ),
            "query": ops.cast(batch["query"], "float32"),
            "flow": ops.reshape(flow, shape),
        }
        return pair, ops.cast(shown, "float32")

    def in_view(self, flow):
        """Marks the pixels whose match lies in the query.

        Args:
            flow: `(batch, size, size, 2)` tensor, in pixels.

        Returns:
            `(batch, size, size, 1)` float32 tensor of 1 and 0.
        """
        pixels = ops.reshape(self._pixels, (1, self.size, self.size, 2))
        matched = flow + pixels
        inside = ops.logical_and(
            matched >= -_TOLERANCE, matched <= self.size - 1 + _TOLERANCE
        )
        return ops.cast(ops.all(inside, axis=-1, keepdims=True), "float32")

    def is_in_view(self, sampled, points):
        """Tells whether some pixels match inside the query, on the host.

        Args:
            sampled: a dict with `homography` and `spline` of one pair.
            points: `(number, 2)` positions in the reference, in pixels.

        Returns:
            `(number,)` booleans.
        """
        units = (np.asarray(points) - self.centre) / self.half_extent
        x, y = warp_formulas.map_points(
            warp_formulas.spline_functions(*units.T),
            np.asarray(sampled["homography"])[None],
            np.asarray(sampled["spline"])[None],
        )
        matched = np.stack([x[0], y[0]], axis=-1)
        matched = matched * self.half_extent + self.centre
        return np.all((matched >= 0) & (matched <= self.size - 1), axis=-1)
