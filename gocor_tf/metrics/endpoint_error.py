"""End-point error of a flow, in pixels."""

import numpy as np

from gocor_tf.losses import endpoint_error as point_losses


def average_endpoint_error(predicted_flow, flow, valid=None):
    """Returns the mean end-point error over the valid pixels of a batch.

    Args:
        predicted_flow: `(batch, height, width, 2)`, in pixels.
        flow: ground truth of the same shape and unit.
        valid: `(batch, height, width, 1)`, 1 where the ground truth counts;
            `None` for everywhere.

    Returns:
        A float32 scalar, in pixels.
    """
    error = point_losses.endpoint_error(predicted_flow, flow)
    return point_losses.reduce_error(error, valid, reduction="mean")


def endpoint_errors(predicted_flow, flow, valid=None):
    """Returns the end-point error of every valid pixel, in NumPy.

    Args:
        predicted_flow: `(..., 2)` array, in pixels.
        flow: ground truth of the same shape and unit.
        valid: `(...)` mask, true where the ground truth counts; `None` for
            everywhere.

    Returns:
        `(number,)` float64 errors, in pixels. Their mean is the AEPE.

    Raises:
        ValueError: if the shapes differ.
    """
    predicted_flow = np.asarray(predicted_flow, "float64")
    flow = np.asarray(flow, "float64")
    if predicted_flow.shape != flow.shape or flow.shape[-1:] != (2,):
        raise ValueError(
            "`predicted_flow` and `flow` must have one shape (..., 2). "
            f"Received: predicted_flow.shape={predicted_flow.shape}, "
            f"flow.shape={flow.shape}"
        )
    errors = np.linalg.norm(predicted_flow - flow, axis=-1)
    if valid is None:
        return errors.ravel()
    valid = np.asarray(valid)
    if valid.shape != errors.shape:
        raise ValueError(
            f"`valid` must have shape {errors.shape}. "
            f"Received: valid.shape={valid.shape}"
        )
    return errors[valid > 0]
