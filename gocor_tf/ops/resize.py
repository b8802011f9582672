"""Image resizing: bilinear, and the mean over each output cell."""

from keras import backend, ops


def bilinear_resize(image, size):
    """Resizes by bilinear interpolation, without antialiasing.

    Values are not rescaled: flows go through `flow.resize_flow`.

    Convention: coordinates map by `(p + 0.5) * scale - 0.5` and stay inside
    the image, so borders repeat.

    Args:
        image: `(batch, height, width, channels)` tensor.
        size: new `(height, width)`, integers or scalar integer tensors.

    Returns:
        `(batch, *size, channels)` tensor of the image's floating dtype.
    """
    return _resize_axes(image, size, _interpolate_rows)


def area_resize(image, size):
    """Resizes by averaging the pixels that each output cell touches.

    This is adaptive average pooling: output `i` is the plain mean of inputs
    `floor(i * old / new)` to `ceil((i + 1) * old / new) - 1`, also when the
    image grows. Sums precede divisions, so that means which are whole numbers
    are exact.

    Args:
        image: `(batch, height, width, channels)` tensor.
        size: new `(height, width)`, integers or scalar integer tensors.

    Returns:
        `(batch, *size, channels)` tensor of the image's floating dtype.
    """
    height, width = ops.shape(image)[1:3]
    dtype = backend.result_type(image.dtype, float)
    # Sums overflow float16.
    image = ops.cast(image, backend.result_type(dtype, "float32"))
    mean = _resize_axes(image, size, _sum_rows)
    # By one side after the other, as the released networks' images were: GOCor
    # can turn the last bit of a pixel into a visible difference.
    if not _same(width, size[1]):
        start, stop = _cell_bounds(width, size[1])
        mean = mean / ops.cast(stop - start, mean.dtype)[:, None]
    if not _same(height, size[0]):
        start, stop = _cell_bounds(height, size[0])
        mean = mean / ops.cast(stop - start, mean.dtype)[:, None, None]
    return ops.cast(mean, dtype)


def _resize_axes(image, size, resize_rows):
    """Applies `resize_rows` to the height, then to the width."""
    image = ops.cast(image, backend.result_type(image.dtype, float))
    batch, height, width, channels = ops.shape(image)
    if not _same(height, size[0]):
        rows = ops.reshape(ops.transpose(image, (1, 0, 2, 3)), (height, -1))
        rows = resize_rows(rows, height, size[0])
        image = ops.reshape(rows, (size[0], batch, width, channels))
        image = ops.transpose(image, (1, 0, 2, 3))
    if not _same(width, size[1]):
        rows = ops.reshape(ops.transpose(image, (2, 0, 1, 3)), (width, -1))
        rows = resize_rows(rows, width, size[1])
        image = ops.reshape(rows, (size[1], batch, size[0], channels))
        image = ops.transpose(image, (1, 2, 0, 3))
    return image


def _interpolate_rows(rows, length, new_length):
    """Interpolates `(length, ...)` rows to `(new_length, ...)`."""
    dtype = backend.result_type(rows.dtype, "float32")
    last = ops.cast(length, dtype) - 1
    scale = ops.cast(length, dtype) / ops.cast(new_length, dtype)
    position = (ops.arange(new_length, dtype=dtype) + 0.5) * scale - 0.5
    position = ops.clip(position, 0, last)
    lower = ops.floor(position)
    fraction = ops.cast(position - lower, rows.dtype)[:, None]
    upper = ops.cast(ops.minimum(lower + 1, last), "int32")
    first = ops.take(rows, ops.cast(lower, "int32"), axis=0)
    return first + (ops.take(rows, upper, axis=0) - first) * fraction


def _sum_rows(rows, length, new_length):
    """Sums `(length, ...)` rows over the cells of `new_length` rows."""
    start, stop = _cell_bounds(length, new_length)
    longest = _longest_cell(length, new_length)
    index = start[:, None] + ops.arange(longest, dtype="int32")
    inside = ops.cast(index < stop[:, None], rows.dtype)
    touched = ops.take(rows, ops.minimum(index, length - 1), axis=0)
    return ops.sum(touched * inside[..., None], axis=1)


def _cell_bounds(length, new_length):
    """Returns each cell's first input row and the row after its last."""
    cell = ops.arange(new_length, dtype="int32")
    start = cell * length // new_length
    stop = ((cell + 1) * length + new_length - 1) // new_length
    return start, stop


def _longest_cell(length, new_length):
    """Returns how many rows a cell touches at most."""
    if isinstance(length, int) and isinstance(new_length, int):
        return max(
            -(-(cell + 1) * length // new_length) - cell * length // new_length
            for cell in range(new_length)
        )
    start, stop = _cell_bounds(length, new_length)
    return ops.max(stop - start)


def _same(length, new_length):
    """Whether both lengths are known and equal: nothing to do."""
    known = isinstance(length, int) and isinstance(new_length, int)
    return known and length == new_length
