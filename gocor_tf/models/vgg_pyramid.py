"""VGG-16 feature pyramid of the published networks (spec models.md, 5.1)."""

import keras

# Filters of each level's 3x3 convolutions; levels 1 to 4 end in a max-pool.
LEVELS = ((64,), (64,), (128, 128), (256, 256, 256), (512, 512, 512))


@keras.saving.register_keras_serializable(package="gocor_tf")
class VGGPyramid(keras.layers.Layer):
    """VGG-16 without batch normalization, cut after every max-pool.

    Level `n` holds features at 1/2**n of the images' size: 64 channels at
    levels 0 and 1, 128, 256 and 512 at levels 2, 3 and 4.

    Args:
        levels: those to return, in their order. What only coarser ones need
            has no weights.

    Call arguments:
        images: normalized images, `(batch, height, width, 3)`.
        levels: those to return instead, none coarser than the layer's own:
            coarser ones are not computed.

    Returns:
        List of features, one tensor a level.
    """

    def __init__(self, levels=(4, 3, 2), **kwargs):
        super().__init__(**kwargs)
        if not levels or not set(levels) <= set(range(len(LEVELS))):
            raise ValueError(
                f"`levels` must be of 0 to {len(LEVELS) - 1}. "
                f"Received: levels={levels}"
            )
        self.levels = tuple(levels)
        self.convolutions = [
            keras.layers.Conv2D(
                filters,
                3,
                padding="same",
                activation="relu",
                dtype=self.dtype_policy,
                name=f"level_{level}_{2 * i}",
            )
            for level in range(max(levels) + 1)
            for i, filters in enumerate(LEVELS[level])
        ]
        self.pool = keras.layers.MaxPooling2D(
            2, dtype=self.dtype_policy, name="pool"
        )

    def build(self, images_shape):
        channels = images_shape[-1]
        for convolution in self.convolutions:
            convolution.build((None, None, None, channels))
            channels = convolution.filters

    def call(self, images, levels=None, training=None):
        del training
        levels = self.levels if levels is None else levels
        x, features = images, []
        convolutions = iter(self.convolutions)
        for level in range(max(levels) + 1):
            for _ in LEVELS[level]:
                x = next(convolutions)(x)
            x = self.pool(x) if level > 0 else x
            features.append(x)
        return [features[level] for level in levels]

    def compute_output_shape(self, images_shape, levels=None):
        shape, shapes = tuple(images_shape), []
        for level, filters in enumerate(LEVELS):
            if level > 0:
                shape = self.pool.compute_output_shape(shape)
            shapes.append((*shape[:-1], filters[-1]))
        levels = self.levels if levels is None else levels
        return [shapes[level] for level in levels]

    def compute_output_spec(self, images, levels=None, training=None):
        shapes = self.compute_output_shape(images.shape, levels)
        return [keras.KerasTensor(s, self.compute_dtype) for s in shapes]

    def get_config(self):
        return {**super().get_config(), "levels": self.levels}
