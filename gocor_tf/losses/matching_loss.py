"""Cross-entropy on a global correspondence volume."""

from keras import backend, ops

from gocor_tf.ops import flow as flow_ops
from gocor_tf.ops import resize


def matching_loss(scores, flow, valid=None, temperature=20.0):
    """Returns how badly scores single out each cell's true match.

    The scores of a reference cell, as a softmax over all query cells, are
    compared with the bilinear weights of the four query cells around the
    cell's true match.

    Args:
        scores: `(batch, rows, columns, rows * columns)` volume, row-major.
        flow: `(batch, height, width, 2)` ground truth, in pixels.
        valid: `(batch, height, width, 1)`, 1 where the ground truth counts;
            `None` for everywhere.
        temperature: factor of the scores. Volumes normalized to unit length
            over the query cells need a large one.

    Convention:
        Pixels and cells map by `cell = (pixel + 0.5) * scale - 0.5`. Matches
        outside the query's cell centres are moved to the nearest one; a cell
        counts if all the pixels around its centre do.

    Returns:
        A scalar in nats, the mean over the cells that count, in float32 at
        least.
    """
    height, width = ops.shape(flow)[1:3]
    rows, columns = ops.shape(scores)[1:3]
    dtype = backend.result_type(scores.dtype, "float32")
    scores = temperature * ops.cast(scores, dtype)
    scores = scores - ops.logsumexp(scores, axis=-1, keepdims=True)
    scale = ops.cast(ops.stack([columns, rows]), "float32") / ops.cast(
        ops.stack([width, height]), "float32"
    )
    cell_flow = resize.bilinear_resize(
        ops.cast(flow, "float32"), (rows, columns)
    )
    match = flow_ops.flow_to_mapping(cell_flow * scale)
    likelihood = (
        _hat(match[..., 1], rows)[..., :, None]
        * (_hat(match[..., 0], columns)[..., None, :])
    )
    likelihood = ops.reshape(ops.cast(likelihood, dtype), ops.shape(scores))
    entropy = -ops.sum(likelihood * scores, axis=-1, keepdims=True)
    if valid is None:
        return ops.mean(entropy)
    counts = ops.cast(counted_cells(valid, rows, columns), dtype)
    return ops.sum(counts * entropy) / ops.maximum(ops.sum(counts), 1.0)


def counted_cells(valid, rows, columns):
    """Returns which cells count in `matching_loss`.

    Args:
        valid: `(batch, height, width, 1)`, 1 where the ground truth counts.
        rows: number of rows of cells.
        columns: number of columns of cells.

    Returns:
        `(batch, rows, columns, 1)` float32, 1 or 0.
    """
    valid = ops.cast(valid, "float32")
    return ops.floor(resize.bilinear_resize(valid, (rows, columns)))


def _hat(position, length):
    """Returns linear interpolation weights over `length` cells."""
    cells = ops.arange(length, dtype="float32")
    last = ops.cast(length, "float32") - 1
    position = ops.clip(position, 0.0, last)[..., None]
    return ops.maximum(1.0 - ops.abs(position - cells), 0.0)
