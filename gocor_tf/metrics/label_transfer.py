"""How well a flow carries an object's mask from the query to the reference."""

import numpy as np

from gocor_tf.ops.warp import warp

_THRESHOLD = 0.5


def score_label_transfer(reference_mask, query_mask, flow):
    """Warps the query's mask and compares it with the reference's.

    Args:
        reference_mask: `(height, width)`, true on the object.
        query_mask: `(query_height, query_width)`, likewise.
        flow: `(height, width, 2)` on the reference grid, in pixels of the
            query.

    Convention:
        Bilinear samples, zero outside the query; more than 0.5 counts as
        object (spec training.md, 6.7).

    Returns:
        Dict, in percent: `iou`, intersection over union, NaN if both masks
        are empty; `label_transfer_accuracy`, the share of equal pixels.

    Raises:
        ValueError: if a mask is no `(height, width)` array or empty, the
            flow has another size, or a vector is not finite.
    """
    reference_mask = _to_mask("reference_mask", reference_mask)
    query_mask = _to_mask("query_mask", query_mask)
    flow = np.asarray(flow, np.float32)
    if flow.shape != (*reference_mask.shape, 2):
        raise ValueError(
            f"`flow` must have shape {(*reference_mask.shape, 2)}. "
            f"Received: flow.shape={flow.shape}"
        )
    if not np.isfinite(flow).all():
        raise ValueError("`flow` must be finite numbers.")
    image = query_mask[None, ..., None].astype(np.float32)
    warped = np.asarray(warp(image, flow[None]))[0, ..., 0] > _THRESHOLD
    union = np.count_nonzero(warped | reference_mask)
    intersection = np.count_nonzero(warped & reference_mask)
    return {
        "iou": 100.0 * intersection / union if union else float("nan"),
        "label_transfer_accuracy": 100.0
        * float(np.mean(warped == reference_mask)),
    }


def _to_mask(name, mask):
    mask = np.asarray(mask) > 0
    if mask.ndim != 2 or not mask.size:
        raise ValueError(
            f"`{name}` must have shape (height, width). "
            f"Received: {name}.shape={mask.shape}"
        )
    return mask
