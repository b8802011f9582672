"""L2 normalization of feature vectors, as a layer."""

import keras

from gocor_tf.ops import normalization


@keras.saving.register_keras_serializable(package="gocor_tf")
class FeatureL2Norm(keras.layers.Layer):
    """Divides each feature vector by its length.

    The layer has no weights. Zero vectors stay zero.

    Call arguments:
        features: `(batch, height, width, channels)` tensor.

    Returns:
        Tensor of the same shape.
    """

    def call(self, features):
        return normalization.feature_l2_norm(features)

    def compute_output_shape(self, features_shape):
        return tuple(features_shape)
