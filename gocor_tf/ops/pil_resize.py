"""Bilinear resizing with the integer arithmetic of Pillow.

PWC-Net was trained on images that Pillow resized. Its 8-bit resize is a
triangle filter, widened when shrinking, applied to the width and then to the
height. Weights are multiples of 2**-22 and each pass rounds to whole grey
levels. A float resize differs by one grey level in a pixel out of five.
"""

from keras import ops

# Weights have 22 fractional bits. They are split in two halves of 11 bits,
# whose products with 8-bit values are exact in float32 (and in TF32).
_HALF_BITS = 11
_HALF = 2**_HALF_BITS


def pil_bilinear_resize(image, size):
    """Resizes images as `PIL.Image.resize` does with its bilinear filter.

    Args:
        image: `(batch, height, width, channels)` tensor, 0..255; fractions
            are truncated.
        size: new `(height, width)`, integers or scalar integer tensors.

    Returns:
        `(batch, *size, channels)` int32 tensor, 0..255. Without a gradient.
    """
    image = ops.clip(ops.floor(ops.cast(image, "float32")), 0, 255)
    batch, height, width, channels = ops.shape(image)
    rows = ops.reshape(ops.transpose(image, (2, 0, 1, 3)), (width, -1))
    rows = _resize_rows(rows, width, size[1])
    image = ops.reshape(rows, (size[1], batch, height, channels))
    rows = ops.reshape(ops.transpose(image, (2, 1, 0, 3)), (height, -1))
    rows = _resize_rows(rows, height, size[0])
    image = ops.reshape(rows, (size[0], batch, size[1], channels))
    return ops.cast(ops.transpose(image, (1, 0, 2, 3)), "int32")


def _resize_rows(rows, length, new_length):
    """Filters `(length, ...)` rows to `(new_length, ...)` whole numbers."""
    weights = _fixed_point_weights(length, new_length)
    halves = ops.concatenate([weights // _HALF, weights % _HALF])
    sums = ops.matmul(ops.cast(halves, "float32"), rows)
    high, low = ops.split(ops.cast(sums, "int32"), 2)
    one = _HALF * _HALF
    rounded = (high * _HALF + low + one // 2) // one
    return ops.cast(ops.clip(rounded, 0, 255), "float32")


def _fixed_point_weights(length, new_length):
    """Returns the `(new_length, length)` filter in units of 2**-22.

    In units of 1 / (2 * new_length) input pixels, every distance between an
    input and an output pixel is a whole number, and so is the triangle.
    """
    new = 2 * ops.arange(new_length, dtype="int32")[:, None] + 1
    old = 2 * ops.arange(length, dtype="int32") + 1
    distance = ops.abs(old * new_length - new * length)
    support = 2 * ops.maximum(length, new_length)
    triangle = ops.maximum(support - distance, 0)
    total = ops.sum(triangle, axis=1, keepdims=True)
    # Long division: `triangle << 22` would overflow 32 bits.
    weights, remainder = 0, triangle
    for bits in (8, 7, 7):
        remainder = remainder * 2**bits
        weights = weights * 2**bits + remainder // total
        remainder = remainder % total
    return weights + ops.cast(2 * remainder >= total, "int32")
