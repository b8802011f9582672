"""The feature pyramid of PWC-Net (spec models.md, 5.3)."""

import keras
from keras import ops

from gocor_tf.layers import conv_block

# Filters of levels 1 to 6, at 1/2 to 1/64 of the image.
FILTERS = (16, 32, 64, 96, 128, 196)

# The finest level that a flow is estimated at.
FINEST = 2


@keras.saving.register_keras_serializable(package="gocor_tf")
class PWCPyramid(keras.layers.Layer):
    """Three 3x3 convolutions a level, the first with step 2; leaky ReLUs.

    The layers have their published names, conv1a, conv1aa, conv1b and so on;
    only at level 6 does "aa" come before "a".

    Example:
        >>> features = PWCPyramid()(keras.random.uniform((1, 64, 128, 3)))
        >>> [level.shape for level in features][:2]
        [(1, 1, 2, 196), (1, 2, 4, 128)]

    Convention: strided convolutions see one pixel of zeros on every side, so
    that cell `i` is centred on pixel `2 * i`. Keras's "same" padding would
    put it half a cell further.

    Call arguments:
        images: BGR in [0, 1], `(batch, height, width, 3)`.

    Returns:
        Features coarse to fine, levels 6 to 2: 1/64 with 196 channels, 1/32
        with 128, 1/16 with 96, 1/8 with 64 and 1/4 with 32; sizes that do not
        divide are rounded up.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.convolutions = [
            keras.layers.Conv2D(
                filters,
                3,
                strides=strides,
                padding="valid" if strides == 2 else "same",
                kernel_initializer=conv_block.he_normal(),
                dtype=self.dtype_policy,
                name=f"conv{level}{letters}",
            )
            for level, filters in enumerate(FILTERS, start=1)
            for letters, strides in zip(_letters(level), (2, 1, 1), strict=True)
        ]

    def build(self, images_shape):
        channels = images_shape[-1]
        for convolution in self.convolutions:
            convolution.build((None, None, None, channels))
            channels = convolution.filters

    def call(self, images, training=None):
        del training
        x, features = images, []
        for start in range(0, len(self.convolutions), 3):
            x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
            for convolution in self.convolutions[start : start + 3]:
                x = conv_block.leaky_relu(convolution(x))
            features.append(x)
        return features[: FINEST - 2 : -1]

    def compute_output_shape(self, images_shape):
        batch, height, width, _ = images_shape
        return [
            (
                batch,
                height and -(-height // 2**level),
                width and -(-width // 2**level),
                FILTERS[level - 1],
            )
            for level in range(len(FILTERS), FINEST - 1, -1)
        ]


def _letters(level):
    return ("aa", "a", "b") if level == 6 else ("a", "aa", "b")
