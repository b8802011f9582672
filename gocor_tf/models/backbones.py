"""The feature pyramids that a network can stand on."""

from keras import ops

from gocor_tf.layers import conv_block
from gocor_tf.models.compact_pyramid import CompactPyramid
from gocor_tf.models.vgg_pyramid import VGGPyramid

BACKBONES = ("vgg16", "compact")


def create(backbone, name, synchronized, dtype):
    """Returns a pyramid with features at 1/16, 1/8 and 1/4 of an image.

    Args:
        backbone: "vgg16" or "compact".
        name: of the layer.
        synchronized: whether replicas share batch statistics.
        dtype: policy of the network.

    Raises:
        ValueError: if there is no such backbone.
    """
    conv_block.check_choice("backbone", backbone, BACKBONES)
    if backbone == "vgg16":
        return VGGPyramid(name=name, dtype=dtype)
    return CompactPyramid(name=name, synchronized=synchronized, dtype=dtype)


def pair_features(pyramid, reference, query, training):
    """Runs both images of a pair through a pyramid as one batch.

    Args:
        pyramid: layer that returns a list of features.
        reference: `(batch, height, width, 3)` normalized images.
        query: images of the same shape.
        training: as in a layer's call.

    Returns:
        List of (reference features, query features), as the pyramid has them.
    """
    images = ops.concatenate([reference, query], axis=0)
    levels = pyramid(images, training=training)
    return [ops.split(level, 2, axis=0) for level in levels]
