"""Dilated convolutions that refine a flow estimate (spec models.md, 6.7)."""

import keras

from gocor_tf.layers import conv_block
from gocor_tf.layers.conv_block import ConvBlock

FILTERS = (128, 128, 128, 96, 64, 32)
DILATIONS = (1, 2, 4, 8, 16, 1)


@keras.saving.register_keras_serializable(package="gocor_tf")
class ContextNetwork(keras.layers.Layer):
    """Seven convolutions, dilations 1, 2, 4, 8, 16, 1, 1 (PWC-Net; 6.7).

    Args:
        width: factor on the published channels 128, 128, 128, 96, 64, 32.
        batch_norm: whether batch normalization follows each convolution.
        synchronized: whether replicas share batch statistics.

    Call arguments:
        inputs: decoder features, `(batch, height, width, channels)`.

    Returns:
        The last features, `(batch, height, width, 32 * width)`, and the
        correction to add to the flow, `(batch, height, width, 2)`.
    """

    def __init__(self, width=1.0, batch_norm=True, synchronized=True, **kwargs):
        super().__init__(**kwargs)
        if width <= 0:
            raise ValueError(f"`width` must be > 0. Received: width={width}")
        self.width = width
        self.batch_norm = batch_norm
        self.synchronized = synchronized
        self.blocks = [
            ConvBlock(
                filters,
                dilation_rate=dilation,
                batch_norm=batch_norm,
                synchronized=synchronized,
                dtype=self.dtype_policy,
                name=f"conv_{i}",
            )
            for i, (filters, dilation) in enumerate(
                zip(
                    conv_block.scaled_filters(FILTERS, width),
                    DILATIONS,
                    strict=True,
                )
            )
        ]
        self.head = conv_block.flow_head(self.compute_dtype)

    def build(self, inputs_shape):
        for block in self.blocks:
            block.build(inputs_shape)
            inputs_shape = block.compute_output_shape(inputs_shape)
        self.head.build(inputs_shape)

    def call(self, inputs, training=None):
        x = inputs
        for block in self.blocks:
            x = block(x, training=training)
        return x, self.head(x)

    def compute_output_shape(self, inputs_shape):
        features = (*inputs_shape[:-1], self.blocks[-1].filters)
        return features, (*inputs_shape[:-1], 2)

    def compute_output_spec(self, inputs, training=None):
        return conv_block.decoder_output_spec(self, inputs)

    def get_config(self):
        return {
            **super().get_config(),
            "width": self.width,
            "batch_norm": self.batch_norm,
            "synchronized": self.synchronized,
        }
