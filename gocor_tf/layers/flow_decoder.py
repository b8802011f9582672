"""Decoders: correspondence volume and features in, flow or mapping out.

The same three bodies serve both uses: at the coarsest level the two predicted
channels are a mapping in [-1, 1] (spec models.md, 6.1-6.3), at finer ones a
residual flow in pixels (6.4-6.6).
"""

import keras
from keras import ops

from gocor_tf.layers import conv_block
from gocor_tf.layers.conv_block import ConvBlock

FILTERS = (128, 128, 96, 64, 32)


class _Decoder(keras.layers.Layer):
    """Holds what the decoders share: arguments, head, output shapes."""

    def __init__(self, width=1.0, batch_norm=True, synchronized=True, **kwargs):
        super().__init__(**kwargs)
        if width <= 0:
            raise ValueError(f"`width` must be > 0. Received: width={width}")
        self.width = width
        self.batch_norm = batch_norm
        self.synchronized = synchronized
        self.filters = conv_block.scaled_filters(FILTERS, width)
        self.head = conv_block.flow_head(self.compute_dtype)

    def block(self, filters, name, **kwargs):
        """Returns a convolution block with this decoder's normalization."""
        return ConvBlock(
            filters,
            batch_norm=self.batch_norm,
            synchronized=self.synchronized,
            dtype=self.dtype_policy,
            name=name,
            **kwargs,
        )

    def output_channels(self, input_channels):
        """Returns the number of channels of the returned features."""
        del input_channels
        return self.filters[-1]

    def compute_output_shape(self, inputs_shape):
        channels = self.output_channels(inputs_shape[-1])
        return (*inputs_shape[:-1], channels), (*inputs_shape[:-1], 2)

    def compute_output_spec(self, inputs, training=None):
        return conv_block.decoder_output_spec(self, inputs)

    def get_config(self):
        return {
            **super().get_config(),
            "width": self.width,
            "batch_norm": self.batch_norm,
            "synchronized": self.synchronized,
        }


@keras.saving.register_keras_serializable(package="gocor_tf")
class PlainDecoder(_Decoder):
    """Five convolutions in a row, then the head (6.1, 6.5).

    Args:
        activation: "relu" (the mapping decoder of 6.1) or "leaky_relu" (6.5).
        width: factor on the published channels 128, 128, 96, 64, 32.
        batch_norm: whether batch normalization follows each convolution.
        synchronized: whether replicas share batch statistics.

    Call arguments:
        inputs: `(batch, height, width, channels)`.

    Returns:
        The last features, `(batch, height, width, 32 * width)`, and the
        prediction, `(batch, height, width, 2)`.
    """

    def __init__(self, activation="relu", **kwargs):
        super().__init__(**kwargs)
        self.activation = activation
        self.blocks = [
            self.block(f, f"conv_{i}", activation=activation)
            for i, f in enumerate(self.filters)
        ]

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

    def get_config(self):
        return {**super().get_config(), "activation": self.activation}


@keras.saving.register_keras_serializable(package="gocor_tf")
class DenseDecoder(_Decoder):
    """Five densely connected convolutions, then the head (PWC-Net; 6.4).

    Each block's output is put before its input, so the features grow.

    Args:
        width: factor on the published channels 128, 128, 96, 64, 32.
        batch_norm: whether batch normalization follows each convolution.
        synchronized: whether replicas share batch statistics.

    Call arguments:
        inputs: `(batch, height, width, channels)`.

    Returns:
        The features, `(batch, height, width, channels + 448 * width)`, and
        the prediction, `(batch, height, width, 2)`.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [
            self.block(f, f"conv_{i}") for i, f in enumerate(self.filters)
        ]

    def output_channels(self, input_channels):
        return input_channels + sum(self.filters)

    def build(self, inputs_shape):
        channels = inputs_shape[-1]
        for block, filters in zip(self.blocks, self.filters, strict=True):
            block.build((*inputs_shape[:-1], channels))
            channels += filters
        self.head.build((*inputs_shape[:-1], channels))

    def call(self, inputs, training=None):
        x = inputs
        for block in self.blocks:
            x = ops.concatenate([block(x, training=training), x], axis=-1)
        return x, self.head(x)


@keras.saving.register_keras_serializable(package="gocor_tf")
class ResidualDecoder(_Decoder):
    """Five convolutions with two skip connections, then the head (6.2, 6.6).

    Args:
        width: factor on the published channels 128, 128, 96, 64, 32.
        batch_norm: whether batch normalization follows each convolution.
        synchronized: whether replicas share batch statistics.

    Call arguments:
        inputs: `(batch, height, width, channels)`.

    Returns:
        The last features, `(batch, height, width, 32 * width)`, and the
        prediction, `(batch, height, width, 2)`.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        activations = ("linear", "leaky_relu", "linear", "leaky_relu", "linear")
        self.blocks = [
            self.block(f, f"conv_{i}", activation=activation)
            for i, (f, activation) in enumerate(
                zip(self.filters, activations, strict=True)
            )
        ]
        self.skips = [
            self.block(
                self.filters[i + 2],
                f"conv{i}_skip",
                kernel_size=1,
                use_bias=False,
                activation="linear",
            )
            for i in (0, 2)
        ]

    def build(self, inputs_shape):
        shapes = [inputs_shape]
        for block in self.blocks:
            block.build(shapes[-1])
            shapes.append(block.compute_output_shape(shapes[-1]))
        self.skips[0].build(shapes[1])
        self.skips[1].build(shapes[3])
        self.head.build(shapes[-1])

    def call(self, inputs, training=None):
        x = self.blocks[0](inputs, training=training)
        for first, second, skip in (
            (self.blocks[1], self.blocks[2], self.skips[0]),
            (self.blocks[3], self.blocks[4], self.skips[1]),
        ):
            y = first(conv_block.leaky_relu_of_sum(x), training=training)
            y = second(y, training=training)
            x = y + skip(x, training=training)
        x = conv_block.leaky_relu_of_sum(x)
        return x, self.head(x)
