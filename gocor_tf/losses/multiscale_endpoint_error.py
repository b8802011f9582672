"""End-point error summed over the levels of a network's flows.

Every level already speaks in pixels of the network's input, so only grids are
resized, never vectors; errors are summed over pixels. Dense ground truth is
resized to each level, as GLU-Net and GOCor were trained; sparse ground truth
cannot be, so there each level's flow is enlarged instead, as in their second
stage (spec training.md, 3.1).
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
    upsample=False,
):
    """Returns the weighted sum of the levels' errors.

    Args:
        outputs: dict of a network's outputs. Those named `flow_level_N` are
            flows `(batch, level_height, level_width, 2)` in pixels of the
            network's input; the larger `N`, the coarser.
        flow: `(batch, height, width, 2)` ground truth, in the same pixels.
        valid: `(batch, height, width, 1)`, 1 where the ground truth counts;
            `None` for everywhere; or a list with one for each level, coarse
            to fine. A level's pixel counts if all the pixels it is resized
            from do.
        level_weights: a weight for each level, coarse to fine.
        error: function of a flow and its ground truth.
        upsample: whether the levels are enlarged to the ground truth's size
            instead of the ground truth being reduced to theirs.

    Returns:
        A scalar, float32 at least, and a dict of each level's weighted part
        of it.

    Raises:
        ValueError: if the weights or the masks do not fit the levels.
    """
    parts = {}
    names = level_names(outputs, level_weights)
    masks = level_masks(valid, names)
    for name, weight, mask in zip(names, level_weights, masks, strict=True):
        (predicted_flow,), level_flow, mask = match_sizes(
            [outputs[name]], flow, mask, upsample
        )
        parts[name] = weight * endpoint_error.reduce_error(
            error(predicted_flow, level_flow), mask
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


def level_masks(valid, names):
    """Returns the mask of each level.

    Args:
        valid: a mask, `None`, or a list with one of them for each level.
        names: of the levels.

    Raises:
        ValueError: if it is a list of another length.
    """
    if not isinstance(valid, (list, tuple)):
        return [valid] * len(names)
    if len(valid) != len(names):
        raise ValueError(
            f"`valid` must be one mask, or one for each of the levels {names}. "
            f"Received: len(valid)={len(valid)}"
        )
    return list(valid)


def match_sizes(predictions, flow, valid, upsample=False):
    """Resizes the ground truth to a level's size, or the level to its size.

    Args:
        predictions: list of tensors `(batch, level_height, level_width,
            channels)`, what the network says on one level.
        flow: `(batch, height, width, 2)`; vectors keep their length.
        valid: `(batch, height, width, 1)` or `None`.
        upsample: whether it is the level that is resized.

    Returns:
        The predictions, the flow, and the mask: 1 where all pixels resized
        from are valid.
    """
    if upsample:
        size = ops.shape(flow)[1:3]
        predictions = [resize.bilinear_resize(p, size) for p in predictions]
    size = ops.shape(predictions[0])[1:3]
    if valid is not None:
        valid = resize.bilinear_resize(ops.cast(valid, "float32"), size)
        valid = ops.floor(valid)
    return predictions, resize.bilinear_resize(flow, size), valid
