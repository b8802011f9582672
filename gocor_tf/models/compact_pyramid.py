"""A small trainable feature pyramid, for networks trained from scratch."""

import keras
from keras import ops

from gocor_tf.layers import conv_block
from gocor_tf.layers.conv_block import ConvBlock

STEM_FILTERS = 24
FILTERS = (32, 64, 128)


@keras.saving.register_keras_serializable(package="gocor_tf")
class CompactPyramid(keras.layers.Layer):
    """Strided convolutions, each level with one residual block.

    Features leave a level before its activation, so their products can be
    negative: a correlation then tells "different" from "unknown".

    Args:
        synchronized: whether replicas share batch statistics.

    Call arguments:
        images: normalized images, `(batch, height, width, 3)`.

    Returns:
        Features coarse to fine: 1/16 with 128 channels, 1/8 with 64 and 1/4
        with 32.
    """

    def __init__(self, synchronized=True, **kwargs):
        super().__init__(**kwargs)
        self.synchronized = synchronized
        shared = {
            "use_bias": False,
            "synchronized": synchronized,
            "dtype": self.dtype_policy,
        }
        self.stem = ConvBlock(STEM_FILTERS, strides=2, name="stem", **shared)
        self.down = [
            ConvBlock(f, strides=2, name=f"down_{level}", **shared)
            for level, f in enumerate(FILTERS, start=2)
        ]
        self.first = [
            ConvBlock(f, name=f"first_{level}", **shared)
            for level, f in enumerate(FILTERS, start=2)
        ]
        self.second = [
            ConvBlock(f, name=f"second_{level}", activation="linear", **shared)
            for level, f in enumerate(FILTERS, start=2)
        ]

    def build(self, images_shape):
        self.stem.build(images_shape)
        shape = self.stem.compute_output_shape(images_shape)
        levels = zip(self.down, self.first, self.second, strict=True)
        for down, first, second in levels:
            down.build(shape)
            shape = down.compute_output_shape(shape)
            first.build(shape)
            second.build(shape)

    def call(self, images, training=None):
        x, features = self.stem(images, training=training), []
        levels = zip(self.down, self.first, self.second, strict=True)
        for down, first, second in levels:
            x = down(x, training=training)
            x = x + second(first(x, training=training), training=training)
            features.append(x)
            x = ops.leaky_relu(x, conv_block.LEAKY_RELU_SLOPE)
        return features[::-1]

    def compute_output_shape(self, images_shape):
        shape, shapes = self.stem.compute_output_shape(images_shape), []
        for down in self.down:
            shape = down.compute_output_shape(shape)
            shapes.append(shape)
        return shapes[::-1]

    def get_config(self):
        return {**super().get_config(), "synchronized": self.synchronized}
