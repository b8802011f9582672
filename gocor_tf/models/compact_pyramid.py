"""A small trainable feature pyramid, for networks trained from scratch."""

import keras

from gocor_tf.layers import conv_block
from gocor_tf.layers.conv_block import ConvBlock

STEM_FILTERS = 24
# Level -> channels.
FILTERS = {2: 32, 3: 64, 4: 128}


@keras.saving.register_keras_serializable(package="gocor_tf")
class CompactPyramid(keras.layers.Layer):
    """Strided convolutions, each level with one residual block.

    Features leave a level before its activation, so their products can be
    negative: a correlation then tells "different" from "unknown".

    Level `n` holds features at 1/2**n of the images' size: 32, 64 and 128
    channels at levels 2, 3 and 4.

    Args:
        levels: those to return, in their order. What only coarser ones need
            has no weights.
        synchronized: whether replicas share batch statistics.

    Call arguments:
        images: normalized images, `(batch, height, width, 3)`.
        levels: those to return instead, none coarser than the layer's own:
            coarser ones are not computed.

    Returns:
        List of features, one tensor a level.
    """

    def __init__(self, levels=(4, 3, 2), synchronized=True, **kwargs):
        super().__init__(**kwargs)
        if not levels or not set(levels) <= set(FILTERS):
            raise ValueError(
                f"`levels` must be of {sorted(FILTERS)}. "
                f"Received: levels={levels}"
            )
        self.levels = tuple(levels)
        self.synchronized = synchronized
        shared = {
            "use_bias": False,
            "synchronized": synchronized,
            "dtype": self.dtype_policy,
        }
        self.stem = ConvBlock(STEM_FILTERS, strides=2, name="stem", **shared)
        filters = [(n, f) for n, f in FILTERS.items() if n <= max(levels)]
        self.down = [
            ConvBlock(f, strides=2, name=f"down_{level}", **shared)
            for level, f in filters
        ]
        self.first = [
            ConvBlock(f, name=f"first_{level}", **shared)
            for level, f in filters
        ]
        self.second = [
            ConvBlock(f, name=f"second_{level}", activation="linear", **shared)
            for level, f in filters
        ]

    def build(self, images_shape):
        self.stem.build(images_shape)
        shape = self.stem.compute_output_shape(images_shape)
        blocks = zip(self.down, self.first, self.second, strict=True)
        for down, first, second in blocks:
            down.build(shape)
            shape = down.compute_output_shape(shape)
            first.build(shape)
            second.build(shape)

    def call(self, images, levels=None, training=None):
        levels = self.levels if levels is None else levels
        x, features = self.stem(images, training=training), {}
        blocks = zip(self.down, self.first, self.second, strict=True)
        for level, (down, first, second) in enumerate(blocks, start=2):
            if level > max(levels):
                break
            x = down(x, training=training)
            x = x + second(first(x, training=training), training=training)
            features[level] = x
            x = conv_block.leaky_relu_of_sum(x)
        return [features[level] for level in levels]

    def compute_output_shape(self, images_shape, levels=None):
        shape, shapes = self.stem.compute_output_shape(images_shape), {}
        for level, down in enumerate(self.down, start=2):
            shapes[level] = shape = down.compute_output_shape(shape)
        levels = self.levels if levels is None else levels
        return [shapes[level] for level in levels]

    def compute_output_spec(self, images, levels=None, training=None):
        shapes = self.compute_output_shape(images.shape, levels)
        return [keras.KerasTensor(s, self.compute_dtype) for s in shapes]

    def get_config(self):
        return {
            **super().get_config(),
            "levels": self.levels,
            "synchronized": self.synchronized,
        }
