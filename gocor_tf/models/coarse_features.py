"""The coarse features of a network, for images of any size."""

from keras import ops

from gocor_tf.models.pwcnet import LEVELS, PWCNet
from gocor_tf.ops import preprocess

_LEVEL = 4


def coarse_features(model, images):
    """Returns what a network's pyramid sees at 1/16 of images.

    Args:
        model: a built network of the family.
        images: `(batch, height, width, 3)` in 0..255, sides multiples of 16.

    Returns:
        `(batch, height / 16, width / 16, channels)`.
    """
    if isinstance(model, PWCNet):
        # As `preprocess_pwcnet`, which also resizes: BGR in 0..1.
        images = ops.flip(ops.cast(images, "float32"), axis=-1) / 255
        return model.pyramid(images)[LEVELS.index(_LEVEL)]
    pyramid = getattr(model, "pyramid_256", model.pyramid)
    images = preprocess.normalize_image(images)
    return pyramid(images, training=False, levels=(_LEVEL,))[0]
