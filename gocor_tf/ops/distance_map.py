"""Distances between feature cells, and their triangular bins."""

from keras import ops


def distance_bins(distance, num_bins=10, bin_displacement=0.5):
    """Spreads distances over triangular bins that sum to one.

    Bin `k` peaks at the distance `k * bin_displacement` and falls linearly to
    zero at its neighbours; the last bin holds everything beyond its peak.

    Args:
        distance: tensor `(...)`, non-negative, in feature cells.
        num_bins: number of bins, at least 2.
        bin_displacement: spacing of the bins, in feature cells.

    Returns:
        Tensor `(..., num_bins)` of values in 0..1.
    """
    distance = ops.convert_to_tensor(distance)
    position = ops.expand_dims(distance, -1) / bin_displacement
    # A distance beyond the last peak counts as one at the last peak.
    position = ops.minimum(position, num_bins - 1)
    centres = ops.arange(num_bins, dtype=position.dtype)
    return ops.maximum(1 - ops.abs(position - centres), 0)


def window_distances(radius, dtype="float32"):
    """Distances of the displacements in a search window from its centre.

    Args:
        radius: search radius, in feature cells.
        dtype: dtype of the result.

    Returns:
        Tensor `((2 * radius + 1)**2,)`, in feature cells, row-major.
    """
    offsets = ops.square(ops.arange(-radius, radius + 1, dtype=dtype))
    return ops.reshape(ops.sqrt(offsets[:, None] + offsets[None, :]), (-1,))


def offset_distances(height, width, dtype="float32"):
    """Lengths of all offsets between the cells of a grid.

    Args:
        height: height of the grid, in cells; an integer or a scalar tensor.
        width: width of the grid, in cells.
        dtype: dtype of the result.

    Returns:
        Tensor `(2 * height, 2 * width)`: entry `(i, j)` is the length of the
        offset `dy = i`, `dx = j`, in cells. Negative offsets count from the
        end, as negative indices do.
    """
    rows, columns = ops.arange(2 * height), ops.arange(2 * width)
    dy = ops.cast(ops.minimum(rows, 2 * height - rows), dtype)
    dx = ops.cast(ops.minimum(columns, 2 * width - columns), dtype)
    return ops.sqrt(ops.square(dy)[:, None] + ops.square(dx)[None, :])


def unfold_offsets(values, height, width):
    """Lays out a function of the offset between two cells as a matrix.

    Args:
        values: tensor `(2 * height, 2 * width)`, indexed by the offset as in
            `offset_distances`.
        height: height of the grid, in cells; an integer or a scalar tensor.
        width: width of the grid, in cells.

    Returns:
        Tensor `(height * width, height * width)`: entry `(p, q)` is the value
        at the offset from cell `p` to cell `q`. Cells are row-major.
    """
    # A (2n,) vector repeated n times and re-cut into rows of 2n - 1 entries
    # moves one entry further per row: n shifted copies without a gather.
    values = ops.broadcast_to(values[None], (height, 2 * height, 2 * width))
    values = ops.reshape(values, (2 * height * height, 2 * width))
    values = values[: height * (2 * height - 1)]
    values = ops.reshape(values, (height, 2 * height - 1, 2 * width))
    values = values[:, :height, None]
    values = ops.broadcast_to(values, (height, height, width, 2 * width))
    values = ops.reshape(values, (height, height, 2 * width * width))
    values = values[:, :, : width * (2 * width - 1)]
    values = ops.reshape(values, (height, height, width, 2 * width - 1))
    values = ops.transpose(values[..., :width], (0, 2, 1, 3))
    return ops.reshape(values, (height * width, height * width))
