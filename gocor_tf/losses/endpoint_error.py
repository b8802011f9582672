"""Losses of one flow against another, and their reduction over pixels."""

from keras import backend, ops

_EPSILON = 1e-6


def endpoint_error(predicted_flow, flow):
    """Returns the length of the difference of two flows.

    Args:
        predicted_flow: `(batch, height, width, 2)`, in pixels.
        flow: ground truth of the same shape and unit.

    Returns:
        `(batch, height, width, 1)`, float32 at least, in pixels. The gradient
        where the flows are equal is 0.
    """
    squared = ops.sum(
        ops.square(_difference(predicted_flow, flow)), axis=-1, keepdims=True
    )
    is_positive = squared > 0
    root = ops.sqrt(ops.where(is_positive, squared, 1.0))
    return ops.where(is_positive, root, 0.0)


def absolute_error(predicted_flow, flow):
    """Returns the sum of the two components' absolute differences.

    Args:
        predicted_flow: `(batch, height, width, 2)`, in pixels.
        flow: ground truth of the same shape and unit.

    Returns:
        `(batch, height, width, 1)`, float32 at least, in pixels.
    """
    difference = _difference(predicted_flow, flow)
    return ops.sum(ops.abs(difference), axis=-1, keepdims=True)


def charbonnier_error(predicted_flow, flow):
    """Returns the robust error `(|dx| + |dy| + 0.01) ** 0.4` of PWC-Net.

    Args:
        predicted_flow: `(batch, height, width, 2)`, in pixels.
        flow: ground truth of the same shape and unit.

    Returns:
        `(batch, height, width, 1)`, float32 at least.
    """
    return ops.power(absolute_error(predicted_flow, flow) + 0.01, 0.4)


def reduce_error(error, valid=None, reduction="weighted_sum_normalized"):
    """Reduces a map of errors to one number; not finite errors are left out.

    * `weighted_sum`: each sample's sum, scaled up as if all of its pixels
      were valid, summed over the batch.
    * `weighted_sum_normalized`: the same, divided by the batch size.
    * `mean`: the mean over the valid pixels of the batch.

    Args:
        error: `(batch, height, width, 1)`.
        valid: mask of the same shape, 1 where the error counts and 0
            elsewhere; `None` for everywhere.
        reduction: one of the above.

    Returns:
        A scalar, float32 at least.

    Raises:
        ValueError: if the reduction is unknown.
    """
    if reduction not in ("weighted_sum_normalized", "weighted_sum", "mean"):
        raise ValueError(
            "`reduction` must be 'weighted_sum_normalized', 'weighted_sum' "
            f"or 'mean'. Received: reduction={reduction!r}"
        )
    error = _widen(error)
    counts = ops.isfinite(error)
    if valid is not None:
        counts = ops.logical_and(counts, ops.cast(valid, "float32") > 0)
    error = ops.where(counts, error, 0.0)
    counts = ops.cast(counts, error.dtype)
    if reduction == "mean":
        return ops.sum(error) / ops.maximum(ops.sum(counts), 1.0)
    pixels = ops.cast(ops.prod(ops.shape(error)[1:3]), error.dtype)
    axes = (1, 2, 3)
    scale = pixels / (ops.sum(counts, axis=axes) + _EPSILON)
    sums = scale * ops.sum(error, axis=axes)
    if reduction == "weighted_sum":
        return ops.sum(sums)
    return ops.mean(sums)


def _difference(predicted_flow, flow):
    return ops.subtract(_widen(predicted_flow), _widen(flow))


def _widen(tensor):
    """Casts to float32 at least."""
    tensor = ops.convert_to_tensor(tensor)
    return ops.cast(tensor, backend.result_type(tensor.dtype, "float32"))
