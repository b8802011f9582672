"""What is minimised: from a rendered pair to one number and its parts.

Networks answer on several levels, coarse to fine. Those at 256 x 256 speak in
pixels of the 256 x 256 images, those of the full images in their pixels, so
each resolution has a ground truth of its own (spec training.md, 2.3):

| network | levels at 256 x 256 | levels at full size |
|---|---|---|
| BaseNet | 4 3 2 | |
| GLU-Net and its kind, PDC-Net | 4 3 | 2 1 |
| PWC-Net | | 6 5 4 3 2 |
"""

import dataclasses
import functools

import keras
from keras import ops

from gocor_tf.losses import (
    endpoint_error,
    matching_loss,
    multiscale_endpoint_error,
    warp_consistency,
)
from gocor_tf.losses.multiscale_negative_log_likelihood import (
    multiscale_negative_log_likelihood,
)
from gocor_tf.metrics import endpoint_error as endpoint_error_metric
from gocor_tf.ops import flow as flow_ops
from gocor_tf.ops import resize

_SIZE = (256, 256)
# Of the levels, coarse to fine: how many are at 256 x 256.
_NUM_COARSE = {"4321": 2, "432": 3, "65432": 0}
# The published PWC-Net is trained on flows divided by this.
_PWCNET_DIVISOR = 20.0
_POINT_ERRORS = {
    "endpoint_error": endpoint_error.endpoint_error,
    "l1": endpoint_error.absolute_error,
    "charbonnier": endpoint_error.charbonnier_error,
}
NAMES = (*_POINT_ERRORS, "negative_log_likelihood", "warp_consistency")


def get(loss, num_steps=1):
    """Returns the objective of a `LossConfig`.

    Args:
        loss: `LossConfig`.
        num_steps: of the whole run, which `loss.flow_first` is a share of.

    Returns:
        A function `(network, pair, share_of, num_updates)` that returns the
        loss and a dict of scalars. `network(reference, query)` gives the
        outputs, `pair` is what a source renders, `share_of(count)` is this
        replica's share of what is counted, times the number of replicas, and
        `num_updates` the number of steps so far.

    Raises:
        ValueError: if its name is unknown, or no likelihood follows what
            comes first.
    """
    if loss.name not in NAMES:
        raise ValueError(
            f"`loss.name` must be one of {NAMES}. "
            f"Received: loss.name={loss.name!r}"
        )
    if not 0.0 <= loss.flow_first < 1.0 or (
        loss.flow_first and loss.name != "negative_log_likelihood"
    ):
        raise ValueError(
            "`loss.flow_first` must be in [0, 1), and 0 unless `loss.name` is "
            "'negative_log_likelihood'. "
            f"Received: loss.flow_first={loss.flow_first}"
        )
    if loss.name == "warp_consistency":
        return functools.partial(_consistency_objective, loss)
    num_flow_steps = loss.flow_first * num_steps
    return functools.partial(_supervised_objective, loss, num_flow_steps)


def _supervised_objective(
    loss, num_flow_steps, network, pair, share_of, num_updates
):
    """Compares the flows of all levels with the true one."""
    outputs = network(pair["reference"], pair["query"])
    total, scalars = 0.0, {}
    for group in _groups(outputs, loss, pair):
        value, parts = _multiscale_loss(loss, *group)
        if num_flow_steps:
            flow_loss = dataclasses.replace(loss, name="endpoint_error")
            first = _multiscale_loss(flow_loss, *group)
            value, parts = keras.tree.map_structure(
                functools.partial(ops.where, num_updates < num_flow_steps),
                first,
                (value, parts),
            )
        total = total + value
        scalars |= {f"loss{name[4:]}": part for name, part in parts.items()}
    if loss.matching_weight:
        matching = _matching_loss(outputs["correlation"], pair, share_of)
        scalars["matching_loss"] = matching
        total = total + loss.matching_weight * matching
    scalars["loss"] = total
    scalars["aepe"] = _endpoint_error(outputs["flow"], pair, share_of)
    return total, scalars


def _consistency_objective(loss, network, triplet, share_of, num_updates):
    """Compares two ways round a triplet (spec training.md, 3.6)."""
    del num_updates
    warped, reference, query = (
        triplet[name] for name in ("warped_reference", "reference", "query")
    )
    passes = (
        network(warped, query),
        network(query, reference),
        network(warped, reference),
    )
    options = warp_consistency.ConsistencyOptions(
        ratio=loss.supervision_ratio,
        visibility=loss.visibility,
        visibility_slope=loss.visibility_slope,
        visibility_offset=loss.visibility_offset,
    )
    total, scalars = 0.0, {}
    groups = [_groups(outputs, loss, triplet) for outputs in passes]
    for index, group in enumerate(zip(*groups, strict=True)):
        _, weights, flow, mask = group[0]
        value, parts = warp_consistency.warp_consistency_loss(
            [levels for levels, *_ in group], flow, mask, weights, options
        )
        total = total + value
        scalars |= {f"{name}_{index}": part for name, part in parts.items()}
    scalars["loss"] = total
    scalars["aepe"] = _endpoint_error(passes[2]["flow"], triplet, share_of)
    return total, scalars


def _groups(outputs, loss, pair):
    """Yields the levels of each resolution, with weights and ground truth.

    Each is a dict of the levels' outputs, their weights, and flow and mask in
    the pixels of that resolution.
    """
    names = multiscale_endpoint_error.level_names(outputs, loss.level_weights)
    numbers = [name.rpartition("_")[2] for name in names]
    num_coarse = _NUM_COARSE["".join(numbers)]
    resolutions = (
        (slice(None, num_coarse), _truth_256),
        (slice(num_coarse, None), lambda pair: (pair["flow"], pair["mask"])),
    )
    for part, truth in resolutions:
        if not numbers[part]:
            continue
        endings = tuple(f"_level_{number}" for number in numbers[part])
        levels = {k: v for k, v in outputs.items() if k.endswith(endings)}
        flow, mask = truth(pair)
        if len(numbers) > 4 and loss.name != "warp_consistency":
            levels = {k: v / _PWCNET_DIVISOR for k, v in levels.items()}
            flow = flow / _PWCNET_DIVISOR
        yield levels, loss.level_weights[part], flow, mask


def _truth_256(pair):
    """Returns flow and mask for the 256 x 256 images (spec 2.1)."""
    if "flow_256" in pair:
        return pair["flow_256"], pair["mask_256"]
    if tuple(pair["flow"].shape[1:3]) == _SIZE:
        return pair["flow"], pair["mask"]
    mask = ops.floor(resize.bilinear_resize(pair["mask"], _SIZE))
    return flow_ops.resize_flow(pair["flow"], _SIZE), mask


def _multiscale_loss(loss, levels, weights, flow, mask):
    if loss.name == "negative_log_likelihood":
        return multiscale_negative_log_likelihood(
            levels, flow, mask, weights, upsample=loss.upsample
        )
    return multiscale_endpoint_error.multiscale_endpoint_error(
        levels,
        flow,
        mask,
        weights,
        error=_POINT_ERRORS[loss.name],
        upsample=loss.upsample,
    )


def _matching_loss(volume, pair, share_of):
    """Returns the mean over cells that count, which replicas share unevenly."""
    value = matching_loss.matching_loss(volume, pair["flow"], pair["valid"])
    rows, columns = ops.shape(volume)[1:3]
    cells = matching_loss.counted_cells(pair["valid"], rows, columns)
    return ops.multiply(value, share_of(ops.sum(cells)))


def _endpoint_error(flow, pair, share_of):
    """Returns the mean over valid pixels, which replicas share unevenly."""
    value = endpoint_error_metric.average_endpoint_error(
        flow, pair["flow"], pair["valid"]
    )
    return ops.multiply(value, share_of(ops.sum(pair["valid"])))
