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


def glunet_features(coarse_pyramid, pyramid, images, training):
    """Returns the features of GLU-Net's four levels (spec models.md, 5.1).

    Args:
        coarse_pyramid: of the 256 x 256 images.
        pyramid: of the pre-processed images; may be the same layer.
        images: as from `preprocess.preprocess_glunet`.
        training: as in a layer's call.

    Returns:
        Dict: level -> (reference features, query features). Levels 4 and 3
        are 1/16 and 1/8 of the 256 x 256 images, levels 2 and 1 are 1/8 and
        1/4 of the pre-processed ones.
    """
    level_4, level_3 = pair_features(
        coarse_pyramid,
        images["reference_256"],
        images["query_256"],
        training,
        levels=(4, 3),
    )
    level_2, level_1 = pair_features(
        pyramid, images["reference"], images["query"], training, levels=(3, 2)
    )
    return {4: level_4, 3: level_3, 2: level_2, 1: level_1}
