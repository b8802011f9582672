"""VGG-16 feature pyramid of the published networks (spec models.md, 5.1)."""

import keras

# Filters of each level's 3x3 convolutions; levels 1 to 4 end in a max-pool.
LEVELS = ((64,), (64,), (128, 128), (256, 256, 256), (512, 512, 512))


@keras.saving.register_keras_serializable(package="gocor_tf")
class VGGPyramid(keras.layers.Layer):
    """VGG-16 without batch normalization, cut after every max-pool.

    Call arguments:
        images: normalized images, `(batch, height, width, 3)`.

    Returns:
        Features coarse to fine: 1/16 with 512 channels, 1/8 with 256 and 1/4
        with 128.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.convolutions = [
            keras.layers.Conv2D(
                filters,
                3,
                padding="same",
                activation="relu",
                dtype=self.dtype_policy,
                name=f"level_{level}_{2 * i}",
            )
            for level, level_filters in enumerate(LEVELS)
            for i, filters in enumerate(level_filters)
        ]
        self.pool = keras.layers.MaxPooling2D(2)

    def build(self, images_shape):
        channels = images_shape[-1]
        for convolution in self.convolutions:
            convolution.build((None, None, None, channels))
            channels = convolution.filters

    def call(self, images, training=None):
        del training
        x, features = images, []
        convolutions = iter(self.convolutions)
        for level, level_filters in enumerate(LEVELS):
            for _ in level_filters:
                x = next(convolutions)(x)
            x = self.pool(x) if level > 0 else x
            features.append(x)
        return features[:1:-1]

    def compute_output_shape(self, images_shape):
        batch, height, width, _ = images_shape
        return [
            (
                batch,
                height and height // 2**level,
                width and width // 2**level,
                LEVELS[level][-1],
            )
            for level in (4, 3, 2)
        ]
