"""Cyclic consistency error, the uncertainty of networks that predict none."""

import numpy as np

from gocor_tf.ops.warp import warp


def cyclic_consistency_error(flow, backward_flow):
    """Returns how far the way there and back ends from its start.

    `|F + warp(F_backward, F)|` (spec training.md, 6.8), in pixels of the
    reference. `gocor_tf.ops.consistency` scores the same in pixels of a
    256 x 256 image, as a confidence.

    Args:
        flow: `(height, width, 2)` on the reference grid, in pixels of the
            query.
        backward_flow: `(query_height, query_width, 2)` on the query grid, in
            pixels of the reference.

    Convention:
        The backward flow counts as zero outside the query, so the error of a
        match out of view is the length of its flow.

    Returns:
        `(height, width)` float32, in pixels. `1 / (1 + error)` is the inverse
        that serves as confidence.

    Raises:
        ValueError: if a flow has another shape.
    """
    flow = _to_flow("flow", flow)
    backward_flow = _to_flow("backward_flow", backward_flow)
    way_back = np.asarray(warp(backward_flow[None], flow[None]))[0]
    return np.linalg.norm(flow + way_back, axis=-1)


def _to_flow(name, flow):
    flow = np.asarray(flow, np.float32)
    if flow.ndim != 3 or flow.shape[-1] != 2:
        raise ValueError(
            f"`{name}` must have shape (height, width, 2). "
            f"Received: {name}.shape={flow.shape}"
        )
    return flow
