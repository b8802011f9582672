"""Global point-to-point correspondence volume."""

import keras

from gocor_tf.ops import correlation


@keras.saving.register_keras_serializable(package="gocor_tf")
class GlobalCorrelation(keras.layers.Layer):
    """Correlates every reference feature with every query feature.

    Plain dot products: normalize the features first, with `FeatureL2Norm`.

    Call arguments:
        reference_features: `(batch, height, width, channels)`.
        query_features: `(batch, query_height, query_width, channels)`.

    Returns:
        `(batch, height, width, query_height * query_width)`, query positions
        row-major.

    Example:
        >>> features = keras.random.normal((1, 8, 8, 32))
        >>> volume = GlobalCorrelation()(features, features)
    """

    def call(self, reference_features, query_features):
        return correlation.global_correlation(
            reference_features, query_features
        )

    def compute_output_shape(
        self, reference_features_shape, query_features_shape
    ):
        _, height, width, _ = query_features_shape
        known = height is not None and width is not None
        positions = height * width if known else None
        return (*reference_features_shape[:-1], positions)
