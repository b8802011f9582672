"""Local point-to-point correspondence volume."""

import keras

from gocor_tf.ops import correlation


@keras.saving.register_keras_serializable(package="gocor_tf")
class LocalCorrelation(keras.layers.Layer):
    """Correlates each reference feature with a window of query features.

    Args:
        radius: search radius in pixels.
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        reference_features: `(batch, height, width, channels)`.
        query_features: same shape, for instance warped by a flow estimate.

    Returns:
        Means over channels, `(batch, height, width, (2 * radius + 1)**2)`,
        dy slow and dx fast, zero outside the query.

    Example:
        >>> features = keras.random.normal((1, 16, 16, 32))
        >>> volume = LocalCorrelation(radius=4)(features, features)
    """

    def __init__(self, radius=4, **kwargs):
        super().__init__(**kwargs)
        if radius < 1:
            raise ValueError(f"`radius` must be > 0. Received: radius={radius}")
        self.radius = radius

    def call(self, reference_features, query_features):
        return correlation.local_correlation(
            reference_features, query_features, self.radius
        )

    def compute_output_shape(
        self, reference_features_shape, query_features_shape
    ):
        return (*reference_features_shape[:-1], (2 * self.radius + 1) ** 2)

    def get_config(self):
        return {**super().get_config(), "radius": self.radius}
