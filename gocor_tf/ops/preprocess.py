"""Images to network inputs, as each released network family expects them.

Every function takes RGB images of any size in 0..255 and works inside the
graph. The size of both inputs follows from the reference alone: a query of
another size is stretched to it. Results are float32; images of float64 stay so.
"""

from keras import backend, ops

from gocor_tf.ops import pil_resize, resize

# Of red, green and blue, in 0..1.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
_COARSE_SIZE = (256, 256)


def preprocess_glunet(reference, query):
    """Prepares a pair for the GLU-Net and PDC-Net families.

    Args:
        reference: `(batch, height, width, 3)` RGB images, 0..255.
        query: RGB images of any size, 0..255.

    Returns:
        Dict of normalized images: `reference` and `query` of
        `glunet_size`, `reference_256` and `query_256` of 256 x 256.
    """
    size = glunet_size(*ops.shape(reference)[1:3])
    reference, query = _widen(reference), _widen(query)
    return {
        "reference": normalize_image(resize.area_resize(reference, size)),
        "query": normalize_image(resize.area_resize(query, size)),
        "reference_256": normalize_image(
            resize.area_resize(reference, _COARSE_SIZE)
        ),
        "query_256": normalize_image(resize.area_resize(query, _COARSE_SIZE)),
    }


def preprocess_basenet(reference, query):
    """Prepares a pair for BaseNet.

    Convention: resized images are truncated to whole grey levels, as the
    released network was trained. No gradient reaches the images.

    Args:
        reference: `(batch, height, width, 3)` RGB images, 0..255.
        query: RGB images of any size, 0..255.

    Returns:
        Dict of normalized `(batch, 256, 256, 3)` images, `reference` and
        `query`.
    """
    return {
        "reference": _basenet_image(reference),
        "query": _basenet_image(query),
    }


def preprocess_pwcnet(reference, query):
    """Prepares a pair for PWC-Net.

    Convention: images are truncated to whole grey levels and resized as the
    Python Imaging Library does, rounding after each axis; channels are
    reordered to BGR, in [0, 1]. No gradient reaches the images.

    Args:
        reference: `(batch, height, width, 3)` RGB images, 0..255.
        query: RGB images of any size, 0..255.

    Returns:
        Dict of images of `pwcnet_size`, `reference` and `query`.
    """
    size = pwcnet_size(*ops.shape(reference)[1:3])
    return {
        "reference": _pwcnet_image(reference, size),
        "query": _pwcnet_image(query, size),
    }


def glunet_size(height, width):
    """Returns GLU-Net's working size of a reference, `(height, width)`.

    Each side is rounded down to a multiple of 8, and is 256 at least.
    """
    return _floor_to_8(height), _floor_to_8(width)


def pwcnet_size(height, width):
    """Returns PWC-Net's working size of a reference, `(height, width)`.

    Each side is rounded up to a multiple of 64.
    """
    return (height + 63) // 64 * 64, (width + 63) // 64 * 64


def normalize_image(image):
    """Subtracts ImageNet's mean and divides by its standard deviation.

    Args:
        image: `(batch, height, width, 3)` RGB images, 0..255.

    Returns:
        Tensor of the same shape.
    """
    image = _widen(image)
    mean = ops.convert_to_tensor(IMAGENET_MEAN, dtype=image.dtype)
    std = ops.convert_to_tensor(IMAGENET_STD, dtype=image.dtype)
    return (image / 255 - mean) / std


def _floor_to_8(length):
    rounded = length // 8 * 8
    if isinstance(length, int):
        return max(256, rounded)
    return ops.maximum(256, rounded)


def _basenet_image(image):
    image = resize.area_resize(_widen(image), _COARSE_SIZE)
    return normalize_image(ops.floor(image))


def _pwcnet_image(image, size):
    dtype = _widen(image).dtype
    image = pil_resize.pil_bilinear_resize(image, size)
    return ops.flip(ops.cast(image, dtype), axis=-1) / 255


def _widen(image):
    """Casts to float32 at least."""
    image = ops.convert_to_tensor(image)
    return ops.cast(image, backend.result_type(image.dtype, "float32"))
