"""Soft mutual matching, as a layer."""

import keras

from gocor_tf.ops import matching


@keras.saving.register_keras_serializable(package="gocor_tf")
class MutualMatching(keras.layers.Layer):
    """Scales each score by how close it is to the best of both its pixels.

    The layer has no weights.

    Call arguments:
        volume: `(batch, height, width, matches)` global correspondence
            volume, or `(batch, height, width, query_height, query_width)`.

    Returns:
        Tensor of the same shape.
    """

    def build(self, volume_shape):
        if len(volume_shape) not in (4, 5):
            raise ValueError(
                "`volume` must have 4 or 5 dimensions. Received: "
                f"volume.shape={tuple(volume_shape)}"
            )

    def call(self, volume):
        return matching.mutual_matching(volume)

    def compute_output_shape(self, volume_shape):
        return tuple(volume_shape)
