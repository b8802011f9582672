"""End-point error summed over the levels of a network's flows.

As GLU-Net and GOCor were trained: the ground truth is resized to each level
without changing its vectors, because every level already speaks in pixels of
the network's input; errors are summed over pixels.
"""

from keras import ops

from gocor_tf.losses import endpoint_error
from gocor_tf.ops import resize

_PREFIX = "flow_level_"


def multiscale_endpoint_error(
    outputs,
    flow,
    valid=None,
    level_weights=(0.32, 0.08, 0.02),
    error=endpoint_error.endpoint_error,
):
    """Returns the weighted sum of the levels' errors.

    Args:
        outputs: dict of a network's outputs. Those named `flow_level_N` are
            flows `(batch, level_height, level_width, 2)` in pixels of the
            network's input; the larger `N`, the coarser.
        flow: `(batch, height, width, 2)` ground truth, in the same pixels.
        valid: `(batch, height, width, 1)`, 1 where the ground truth counts;
            `None` for everywhere. A level's pixel counts if all the pixels it
            is resized from do.
        level_weights: a weight for each level, coarse to fine.
        error: function of a flow and its ground truth.

    Returns:
        A scalar, float32 at least, and a dict of each level's weighted part
        of it.

    Raises:
        ValueError: if the weights do not fit the levels.
    """
    parts = {}
    names = level_names(outputs, level_weights)
    for name, weight in zip(names, level_weights, strict=True):
        level_flow, level_valid = resize_truth(flow, valid, outputs[name])
        parts[name] = weight * endpoint_error.reduce_error(
            error(outputs[name], level_flow), level_valid
        )
    return sum(parts.values()), parts


def level_names(outputs, level_weights):
    """Returns the names of the levels' flows among the outputs, coarse to fine.

    Raises:
        ValueError: if the weights do not fit the levels.
    """
    levels = sorted(
        (name for name in outputs if name.startswith(_PREFIX)),
        key=lambda name: -int(name.removeprefix(_PREFIX)),
    )
    if not levels or len(levels) != len(level_weights):
        raise ValueError(
            "`level_weights` must have one weight for each of the levels "
            f"{levels}. Received: level_weights={level_weights}"
        )
    return levels


def resize_truth(flow, valid, predicted_flow):
    """Resizes a flow and its mask to the grid of a level's flow.

    Args:
        flow: `(batch, height, width, 2)`; its vectors keep their length.
        valid: `(batch, height, width, 1)` or `None`.
        predicted_flow: `(batch, level_height, level_width, 2)`.

    Returns:
        The flow, and the mask: 1 where all pixels resized from are valid.
    """
    size = ops.shape(predicted_flow)[1:3]
    if valid is not None:
        valid = resize.bilinear_resize(ops.cast(valid, "float32"), size)
        valid = ops.floor(valid)
    return resize.bilinear_resize(flow, size), valid
