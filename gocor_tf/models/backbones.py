"""The feature pyramids that a network can stand on."""

from keras import ops

from gocor_tf.layers import conv_block
from gocor_tf.models.compact_pyramid import CompactPyramid
from gocor_tf.models.vgg_pyramid import VGGPyramid

BACKBONES = ("vgg16", "compact")


def create(backbone, name, synchronized, dtype, levels=(4, 3, 2)):
    """Returns a feature pyramid.

    Args:
        backbone: "vgg16" or "compact".
        name: of the layer.
        synchronized: whether replicas share batch statistics.
        dtype: policy of the network.
        levels: those to return: features at 1/2**level of an image's size.

    Raises:
        ValueError: if there is no such backbone, or level.
    """
    conv_block.check_choice("backbone", backbone, BACKBONES)
    options = {"levels": levels, "name": name, "dtype": dtype}
    if backbone == "vgg16":
        return VGGPyramid(**options)
    return CompactPyramid(synchronized=synchronized, **options)


def pair_features(pyramid, reference, query, training, levels=None):
    """Runs both images of a pair through a pyramid as one batch.

    Args:
        pyramid: layer that returns a list of features.
        reference: `(batch, height, width, 3)` normalized images.
        query: images of the same shape.
        training: as in a layer's call.
        levels: of the pyramid, instead of its own.

    Returns:
        List of (reference features, query features), one a level.
    """
    images = ops.concatenate([reference, query], axis=0)
    options = {} if levels is None else {"levels": levels}
    features = pyramid(images, training=training, **options)
    return [ops.split(level, 2, axis=0) for level in features]
