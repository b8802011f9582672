"""The local correspondence volume as the decoders see it."""

import keras

from gocor_tf.layers import conv_block
from gocor_tf.layers.local_correlation import LocalCorrelation
from gocor_tf.layers.local_gocor import LocalGOCor

CORRELATIONS = ("feature", "gocor")


@keras.saving.register_keras_serializable(package="gocor_tf")
class LocalVolume(keras.layers.Layer):
    """Correlates features with windows, and activates the scores.

    Features are taken as they are; a leaky ReLU follows (spec models.md, 2.6).
    GOCor's parameters do not depend on the number of channels, so that one
    layer can serve several levels of a pyramid (4.5).

    Example:
        >>> features = keras.random.normal((1, 16, 16, 32))
        >>> volume = LocalVolume("gocor")(features, features)

    Args:
        correlation: "feature" (means of products) or "gocor".
        gocor: arguments of `LocalGOCor`, as a dict.
        radius: search radius, in cells.

    Call arguments:
        reference_features: `(batch, height, width, channels)`.
        query_features: same shape, warped by the flow found so far.
        num_iterations: of GOCor, instead of its own.

    Returns:
        `(batch, height, width, (2 * radius + 1)**2)`, dy slow and dx fast.
    """

    def __init__(self, correlation="feature", gocor=None, radius=4, **kwargs):
        super().__init__(**kwargs)
        conv_block.check_choice("local_correlation", correlation, CORRELATIONS)
        self.correlation = correlation
        self.gocor = gocor
        self.radius = radius
        if correlation == "gocor":
            options = {"radius": radius, **(gocor or {})}
            self.volume = LocalGOCor(
                dtype=self.dtype_policy, name="gocor", **options
            )
        else:
            self.volume = LocalCorrelation(
                radius, dtype=self.dtype_policy, name="correlation"
            )

    def build(self, reference_features_shape, query_features_shape):
        if self.correlation == "gocor":
            self.volume.build(reference_features_shape, query_features_shape)

    def call(self, reference_features, query_features, num_iterations=None):
        features = reference_features, query_features
        if self.correlation == "gocor":
            volume = self.volume(*features, num_iterations=num_iterations)
        else:
            volume = self.volume(*features)
        return conv_block.leaky_relu(volume)

    def compute_output_shape(
        self, reference_features_shape, query_features_shape
    ):
        return self.volume.compute_output_shape(
            reference_features_shape, query_features_shape
        )

    def get_config(self):
        return {
            **super().get_config(),
            "correlation": self.correlation,
            "gocor": self.gocor,
            "radius": self.radius,
        }
