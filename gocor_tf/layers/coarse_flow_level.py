"""From a global volume to the coarsest flow (spec models.md, 6.1 to 6.3)."""

import keras
from keras import ops

from gocor_tf.layers import conv_block
from gocor_tf.layers.flow_decoder import PlainDecoder, ResidualDecoder
from gocor_tf.ops import flow as flow_ops

DECODERS = {"dense": PlainDecoder, "residual": ResidualDecoder}


@keras.saving.register_keras_serializable(package="gocor_tf")
class CoarseFlowLevel(keras.layers.Layer):
    """Decodes the mapping of a global volume, and turns it into a flow.

    Two channels of zeros stand for an initial mapping, as in DGC-Net.

    Example:
        >>> volume = keras.random.uniform((1, 16, 16, 256))
        >>> flow, features = CoarseFlowLevel("residual")(volume)

    Args:
        decoder: "dense" (published with dense flow decoders: five plain
            convolutions, 6.1) or "residual" (6.2).
        width: factor on the decoder's channels.
        synchronized: whether replicas share batch statistics.

    Call arguments:
        volume: `(batch, height, width, query_height * query_width)`.

    Returns:
        The flow, `(batch, height, width, 2)` float32, in cells of this grid,
        and the decoder's last features.
    """

    def __init__(self, decoder="dense", width=1.0, synchronized=True, **kwargs):
        super().__init__(**kwargs)
        conv_block.check_choice("decoder", decoder, tuple(DECODERS))
        self.decoder = decoder
        self.width = width
        self.synchronized = synchronized
        self.decoding = DECODERS[decoder](
            width=width,
            synchronized=synchronized,
            dtype=self.dtype_policy,
            name="decoding",
        )

    def build(self, volume_shape):
        self.decoding.build((*volume_shape[:-1], volume_shape[-1] + 2))

    def call(self, volume, training=None):
        inputs = [volume, ops.zeros_like(volume[..., :2])]
        features, mapping = self.decoding(
            ops.concatenate(inputs, axis=-1), training=training
        )
        return flow_ops.normalized_mapping_to_flow(mapping), features

    def compute_output_shape(self, volume_shape):
        shape = (*volume_shape[:-1], volume_shape[-1] + 2)
        return self.decoding.compute_output_shape(shape)[::-1]

    def compute_output_spec(self, volume, training=None):
        flow, features = self.compute_output_shape(volume.shape)
        return (
            keras.KerasTensor(flow, conv_block.flow_dtype(self.compute_dtype)),
            keras.KerasTensor(features, self.compute_dtype),
        )

    def get_config(self):
        return {
            **super().get_config(),
            "decoder": self.decoder,
            "width": self.width,
            "synchronized": self.synchronized,
        }
