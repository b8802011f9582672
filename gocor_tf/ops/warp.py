"""Backward warping: bilinear samples of an image where a flow points."""

from keras import backend, ops

from gocor_tf.ops import flow as flow_ops

# In-view share of the bilinear weights that PWC-Net's warp asks for.
_MASK_THRESHOLD = 0.9999


def warp(image, flow):
    """Samples an image where the flow points.

    Args:
        image: `(batch, height, width, channels)` tensor.
        flow: `(batch, flow_height, flow_width, 2)` tensor, in pixels of the
            image. Its grid may have another size than the image.

    Convention:
        Backward: output pixel `p` is the image at `p + flow[p]`, so
        `warp(query, flow)` looks like the reference. Bilinear; pixels outside
        the image count as zeros, corner by corner. Vectors that are not
        finite give zeros.

    Returns:
        `(batch, flow_height, flow_width, channels)` tensor of the image's
        floating dtype.
    """
    return warp_by_mapping(image, flow_ops.flow_to_mapping(flow))


def warp_by_mapping(image, mapping):
    """Samples an image at absolute positions.

    Args:
        image: `(batch, height, width, channels)` tensor.
        mapping: `(batch, new_height, new_width, 2)` tensor of (x, y), in
            pixels of the image. Borders are those of `warp`.

    Returns:
        `(batch, new_height, new_width, channels)` tensor of the image's
        floating dtype.
    """
    image = ops.cast(image, backend.result_type(image.dtype, float))
    batch, height, width, channels = ops.shape(image)
    columns, rows = _corners(mapping, height, width)
    first_row = ops.reshape(ops.arange(batch, dtype="int32"), (-1, 1, 1))
    pixels = ops.reshape(image, (-1, channels))
    # One flat gather a corner, with borders folded into the weights: several
    # times faster than batched gathers or `map_coordinates`.
    warped = 0
    for row, row_weight in rows:
        for column, column_weight in columns:
            index = (first_row * height + row) * width + column
            weight = ops.cast(row_weight * column_weight, image.dtype)
            corner = ops.take(pixels, index, axis=0)
            warped = warped + corner * weight[..., None]
    return warped


def masked_warp(image, flow):
    """Samples an image where the flow points, and blanks partial samples.

    Args:
        image: `(batch, height, width, channels)` tensor.
        flow: `(batch, flow_height, flow_width, 2)` tensor, in pixels of the
            image.

    Convention:
        As `warp`, but a sample with more than 1e-4 of its bilinear weight
        outside the image is zero altogether, as in the released PWC-Net.

    Returns:
        `(batch, flow_height, flow_width, channels)` tensor of the image's
        floating dtype.
    """
    mapping = flow_ops.flow_to_mapping(flow)
    height, width = ops.shape(image)[1:3]
    columns, rows = _corners(mapping, height, width)
    share = sum(weight for _, weight in columns) * sum(
        weight for _, weight in rows
    )
    warped = warp_by_mapping(image, mapping)
    mask = ops.cast(share >= _MASK_THRESHOLD, warped.dtype)
    return warped * mask[..., None]


def in_view_mask(flow, size=None):
    """Marks the flow vectors that land inside the image.

    Args:
        flow: `(batch, flow_height, flow_width, 2)` tensor, in pixels.
        size: `(height, width)` of the image; the flow's own by default.

    Returns:
        `(batch, flow_height, flow_width, 1)` float32 tensor: 1 where `x` is
        in `[0, width - 1]` and `y` in `[0, height - 1]`, else 0.
    """
    mapping = flow_ops.flow_to_mapping(flow)
    height, width = ops.shape(flow)[1:3] if size is None else size
    last = ops.cast(ops.stack([width - 1, height - 1]), mapping.dtype)
    inside = ops.logical_and(mapping >= 0, mapping <= last)
    return ops.cast(ops.all(inside, axis=-1, keepdims=True), "float32")


def _corners(mapping, height, width):
    """Returns the neighbours of each position: two columns and two rows."""
    dtype = backend.result_type(mapping.dtype, "float32")
    x, y = ops.unstack(ops.cast(mapping, dtype), 2, axis=-1)
    return _neighbours(x, width), _neighbours(y, height)


def _neighbours(position, length):
    """Returns the (index, weight) of the pixels on both sides of a position.

    Pixels outside have weight 0 and any index inside, so gathers never leave
    the image and no gradient passes through far, infinite or NaN positions.
    """
    end = ops.cast(length, position.dtype)
    reachable = ops.logical_and(position >= -1, position < end)
    position = ops.where(reachable, position, -1.0)
    lower = ops.floor(position)
    fraction = position - lower
    lower_inside = ops.cast(lower >= 0, position.dtype)
    upper_inside = ops.cast(lower < end - 1, position.dtype)
    index = ops.cast(lower, "int32")
    return (
        (ops.maximum(index, 0), (1 - fraction) * lower_inside),
        (ops.minimum(index + 1, length - 1), fraction * upper_inside),
    )
