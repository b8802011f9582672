"""The objective of local GOCor for one batch, its gradient and curvature.

Symbols are those of `local_gocor`. All tensors are in the tile space of
`ops.tiles`: the windows of the features are cut once, label, weight and mask
are lifted into the band of a tile's scores (zero outside it), and scores stay
in that band, so a step of steepest descent costs two matrix products.
"""

from keras import ops

from gocor_tf.ops import conv4d, score_activation, tiles


class LocalObjective:
    """Half the sum of squared residuals of a filter map.

    Args:
        reference_features: `(batch, height, width, channels)`.
        query_features: same shape; used by the query objective alone.
        radius: search radius in pixels.
        label: `((2 * radius + 1)**2,)`, wanted score per displacement.
        weight: same shape, factor on residuals.
        mask: same shape, slope of the activation of negative scores.
        eta: width of the smooth score activation, 0 for none.
        ridge: weight of the squared filters, `(1,)`.
        kernels: the two kernels of the query objective, or None.
    """

    def __init__(
        self,
        reference_features,
        query_features,
        *,
        radius,
        label,
        weight,
        mask,
        eta,
        ridge,
        kernels=None,
    ):
        _, self.height, self.width, self.channels = ops.shape(
            reference_features
        )
        self.radius = radius
        self.eta = eta
        self.ridge = ridge
        self.kernels = kernels
        self.windows = tiles.cut_windows(reference_features / self.channels, radius)
        self.label = self._lift(weight * label)
        self.mean = self._lift(weight * (1 + mask) / 2)
        self.rise = self._lift(weight * (1 - mask) / 2)
        if kernels is not None:
            self.query_windows = tiles.cut_windows(query_features, radius)
            self.inside = tiles.cut_tiles(
                ops.ones_like(reference_features[:1, :, :, :1])
            )

    def scores(self, filters):
        """Correlates filters with the reference, `(..., 64, size**2)`."""
        return tiles.multiply(filters, self.windows)

    def residual(self, scores):
        """Weighted, activated scores less the label, and their slope.

        Args:
            scores: scores of the filters.

        Returns:
            Residual and its derivative by the score, of the shape of `scores`.
        """
        if self.eta == 0:
            # Eq. 4a; stop_gradient saves a product with zeros.
            slope = self.mean + self.rise * ops.stop_gradient(ops.sign(scores))
            return slope * scores - self.label, slope
        root = ops.sqrt(ops.square(scores) + self.eta**2)
        residual = self.rise * (root - self.eta) + self.mean * scores
        return residual - self.label, self.mean + self.rise * scores / root

    def query_residual(self, filters):
        """Regularized query scores (GOCor, Eq. 6).

        Args:
            filters: `(batch, rows, columns, 64, channels)`.

        Returns:
            `(batch, height, width, side, side, output_dim)`.
        """
        side = 2 * self.radius + 1
        scores = tiles.multiply(filters / self.channels, self.query_windows)
        scores = tiles.extract_band(scores, self.radius)
        scores = tiles.join_tiles(scores, self.height, self.width)
        shape = (-1, self.height, self.width, side, side)
        volume = ops.transpose(ops.reshape(scores, shape), (0, 3, 4, 1, 2))
        return conv4d.separable_conv4d(volume, *self.kernels, swap=True)

    def gradient(self, filters, scores):
        """Gradient by the filters (GOCor, Section 3.6), in closed form.

        Args:
            filters: `(batch, rows, columns, 64, channels)`.
            scores: their scores.

        Returns:
            Tensor of the shape of `filters`.
        """
        residual, slope = self.residual(scores)
        gradient = self.ridge * filters + tiles.multiply_transpose(
            residual * slope, self.windows
        )
        if self.kernels is None:
            return gradient
        # Pixels that only fill up a tile would count in the step length.
        gradient = gradient + self._query_gradient(filters)
        return gradient * self.inside

    def step_length(self, gradient, scores, change, extra_ridge):
        """Gauss-Newton step length along the gradient (GOCor, Eq. 8).

        Args:
            gradient: as returned by `gradient`.
            scores: scores of the filters there.
            change: scores of the gradient.
            extra_ridge: more ridge for the curvature, a number.

        Returns:
            One per pixel, `(batch, rows, columns, 64, 1)`, or with the query
            objective one per sample, `(batch, 1, 1, 1, 1)`.
        """
        axes = -1 if self.kernels is None else (1, 2, 3, 4)
        _, slope = self.residual(scores)
        power = ops.sum(ops.square(gradient), axes, keepdims=True)
        curvature = ops.sum(ops.square(slope * change), axes, keepdims=True)
        if self.kernels is not None:
            change = ops.square(self.query_residual(gradient))
            curvature = curvature + ops.reshape(
                ops.sum(change, (1, 2, 3, 4, 5)), (-1, 1, 1, 1, 1)
            )
        curvature = ops.maximum(curvature + self.ridge * power, 1e-8)
        return power / (curvature + extra_ridge * power)

    def terms(self, filters):
        """The objective's terms, each a sum over a sample's pixels.

        Args:
            filters: `(batch, rows, columns, 64, channels)`.

        Returns:
            Dict of `(batch,)` tensors: "reference", "query" where it is used,
            "regularization" and their sum "total".
        """
        residual, _ = self.residual(self.scores(filters))
        terms = {
            "reference": self._half_power(residual),
            "regularization": self.ridge * self._half_power(filters),
        }
        if self.kernels is not None:
            residual = self.query_residual(filters)
            terms["query"] = 0.5 * ops.sum(
                ops.square(residual), (1, 2, 3, 4, 5)
            )
        return {**terms, "total": sum(terms.values())}

    def _query_gradient(self, filters):
        """Gradient of the query objective by the filters."""
        residual = self.query_residual(filters)
        volume = conv4d.separable_conv4d_transpose(
            residual, *self.kernels, swap=True
        )
        volume = ops.transpose(volume, (0, 3, 4, 1, 2))
        count = (2 * self.radius + 1) ** 2
        volume = ops.reshape(volume, (-1, self.height, self.width, count))
        scores = tiles.lift_band(tiles.cut_tiles(volume), self.radius)
        return tiles.multiply_transpose(
            scores / self.channels, self.query_windows
        )

    def _lift(self, displacements):
        """Repeats a value per displacement for each pixel of a tile."""
        values = ops.broadcast_to(
            displacements, (tiles.TILE**2, displacements.shape[0])
        )
        return tiles.lift_band(values, self.radius)

    def _half_power(self, x):
        """Half the squared norm over the pixels of the map."""
        power = ops.sum(ops.square(x), axis=-1, keepdims=True)
        power = tiles.join_tiles(power, self.height, self.width)
        return 0.5 * ops.sum(power, axis=(1, 2, 3))
