"""Losses for pairs without ground truth: two ways round a triplet.

Truong et al., "Warp Consistency for Unsupervised Learning of Dense
Correspondences", ICCV 2021; spec training.md, 3.6. One image of an unlabelled
pair is warped by a known flow. From the warped image to the original the
network must find that flow (warp supervision); so it must by way of the
pair's other image, which it sees under real changes (the bipath term).

| paper (spec) | here |
|---|---|
| J, the target | `reference` |
| I, the source | `query` |
| J', J warped by W | `warped` reference; looks like `warp(reference, flow)` |
| W | `flow`, on the grid of J', pointing into J |
| F_{J'->I} | `network(warped, query)` |
| F_{I->J} | `network(query, reference)` |
| F_{J'->J} | `network(warped, reference)` |

The first argument of a network is the image whose grid its flow lives on.
"""

import dataclasses
import typing

from keras import ops

from gocor_tf.losses import endpoint_error, multiscale_endpoint_error
from gocor_tf.ops.warp import in_view_mask, warp

_EPSILON = 1e-8


@dataclasses.dataclass(frozen=True)
class ConsistencyOptions:
    """How the terms of `warp_consistency_loss` are computed and balanced.

    Args:
        ratio: of the warp-supervision term to the bipath term.
        visibility: whether the bipath term leaves out occluded pixels (the
            published second stage).
        visibility_slope: `a1` of the visibility test.
        visibility_offset: `a2` of the visibility test, in px squared.
        error: function of a flow and its ground truth.
    """

    ratio: float = 1.0
    visibility: bool = False
    visibility_slope: float = 0.03
    visibility_offset: float = 0.5
    error: typing.Callable = endpoint_error.absolute_error

    def __post_init__(self):
        if not self.ratio > 0:
            raise ValueError(
                f"`ratio` must be > 0. Received: ratio={self.ratio}"
            )
        for name in ("visibility_slope", "visibility_offset"):
            if not getattr(self, name) >= 0:
                raise ValueError(
                    f"`{name}` must be >= 0. "
                    f"Received: {name}={getattr(self, name)}"
                )


def warp_consistency_loss(
    passes, flow, valid, level_weights, options=ConsistencyOptions()
):
    """Returns the balanced sum of the bipath and warp-supervision terms.

    For the levels of one resolution: those at 256 x 256 and those of the full
    images are balanced on their own, with a call each.

    Args:
        passes: the outputs of `network(warped, query)`, `network(query,
            reference)` and `network(warped, reference)`: dicts with the same
            levels `flow_level_N` `(batch, level_height, level_width, 2)`, in
            pixels of this resolution; the larger `N`, the coarser.
        flow: `(batch, height, width, 2)`, the known flow from the warped
            reference to the reference, in pixels of this resolution.
        valid: `(batch, height, width, 1)`, 1 where the warped reference shows
            the reference; `None` for everywhere.
        level_weights: a weight for each level, coarse to fine.
        options: `ConsistencyOptions`.

    Returns:
        A scalar, and a dict of the two terms before they were balanced,
        `bipath_loss` and `supervision_loss`; float32 at least.

    Raises:
        ValueError: if the weights do not fit the levels.
    """
    to_query, to_reference, supervised = passes
    bipath = bipath_loss(
        (to_query, to_reference), flow, valid, level_weights, options
    )
    supervision = warp_supervision_loss(
        supervised, flow, valid, level_weights, options
    )
    parts = {"bipath_loss": bipath, "supervision_loss": supervision}
    return balance(bipath, supervision, options.ratio), parts


def warp_supervision_loss(
    outputs, flow, valid, level_weights, options=ConsistencyOptions()
):
    """Returns how far the flows to the original are from the known one.

    Args:
        outputs: of `network(warped, reference)`.
        flow: see `warp_consistency_loss`.
        valid: see `warp_consistency_loss`.
        level_weights: a weight for each level, coarse to fine.
        options: `ConsistencyOptions`.

    Returns:
        A scalar, float32 at least.

    Raises:
        ValueError: if the weights do not fit the levels.
    """
    loss, _ = multiscale_endpoint_error.multiscale_endpoint_error(
        outputs, flow, valid, level_weights, options.error
    )
    return loss


def bipath_loss(
    passes, flow, valid, level_weights, options=ConsistencyOptions()
):
    """Returns how far the way by the query is from the known flow.

    Pixels count where the first flow stays in view, the warped reference
    shows the reference and, if asked for, the visibility test is passed.

    Args:
        passes: the outputs of `network(warped, query)` and of `network(query,
            reference)`.
        flow: see `warp_consistency_loss`.
        valid: see `warp_consistency_loss`.
        level_weights: a weight for each level, coarse to fine.
        options: `ConsistencyOptions`.

    Returns:
        A scalar, float32 at least.

    Raises:
        ValueError: if the weights do not fit the levels.
    """
    to_query, to_reference = passes
    size = ops.shape(flow)[1:3]
    composed, masks = {}, []
    for name in multiscale_endpoint_error.level_names(to_query, level_weights):
        first = to_query[name]
        path = warping_flow(first, size)
        second = warp(to_reference[name], path)
        composed[name] = first + second
        (_,), level_flow, mask = multiscale_endpoint_error.match_sizes(
            [first], flow, valid
        )
        in_view = in_view_mask(path)
        mask = in_view if mask is None else in_view * mask
        if options.visibility:
            mask = mask * visibility_mask(first, second, level_flow, options)
        masks.append(mask)
    loss, _ = multiscale_endpoint_error.multiscale_endpoint_error(
        composed, flow, masks, level_weights, options.error
    )
    return loss


def warping_flow(flow, size):
    """Returns a level's flow in cells of its own grid, as a constant.

    Where to look up the second flow is not trained: moving there would lower
    the loss as well as correcting the flow itself.

    Args:
        flow: `(batch, level_height, level_width, 2)`, in pixels of an image.
        size: `(height, width)` of that image.

    Returns:
        Tensor of the same shape, in pixels of the level, without gradient.
    """
    height, width = ops.shape(flow)[1:3]
    cells = ops.cast(ops.stack([width, height]), flow.dtype)
    pixels = ops.cast(ops.stack([size[1], size[0]]), flow.dtype)
    return ops.stop_gradient(flow * (cells / pixels))


def visibility_mask(first, second, flow, options=ConsistencyOptions()):
    """Marks the pixels on whose flow both ways round the triplet agree.

    The squared difference may be as large as `visibility_slope` times the sum
    of the three squared lengths, plus `visibility_offset`.

    Args:
        first: `(batch, height, width, 2)`, from the warped reference to the
            query, in px.
        second: from there to the reference, on the grid of `first`.
        flow: the known flow, on the same grid.
        options: `ConsistencyOptions`.

    Returns:
        `(batch, height, width, 1)` float32, 1 or 0.
    """
    lengths = sum(_squared_length(part) for part in (first, second, flow))
    limit = options.visibility_slope * lengths + options.visibility_offset
    difference = _squared_length(first + second - flow)
    return ops.cast(difference <= limit, "float32")


def compose_log_variances(to_query, to_reference, path):
    """Returns the uncertainty of the way by the query.

    The variances of both flows add up, as those of independent errors do.

    Args:
        to_query: `(batch, height, width, modes)`, log-variances of the flow
            from the warped reference to the query.
        to_reference: the same of the flow from the query to the reference.
        path: `(batch, height, width, 2)`, the first flow, in pixels of this
            grid; see `warping_flow`.

    Returns:
        `(batch, height, width, modes)` log-variances. Where the path leaves
        the query they mean nothing, and `bipath_loss` does not count.
    """
    return ops.logaddexp(to_query, warp(to_reference, path))


def balance(unsupervised, supervised, ratio=1.0):
    """Adds two losses so that the second weighs `ratio` times the first.

    The larger loss is left as it is and the smaller one scaled up, by a
    factor that is not trained.

    Args:
        unsupervised: scalar.
        supervised: scalar.
        ratio: of the supervised to the unsupervised part of the sum.

    Returns:
        A scalar.
    """
    is_larger = unsupervised > supervised
    supervised_weight = ops.where(
        is_larger, ratio * unsupervised / (supervised + _EPSILON), 1.0
    )
    unsupervised_weight = ops.where(
        is_larger, 1.0, supervised / (unsupervised + _EPSILON) / ratio
    )
    return (
        ops.stop_gradient(unsupervised_weight) * unsupervised
        + ops.stop_gradient(supervised_weight) * supervised
    )


def _squared_length(flow):
    return ops.sum(ops.square(flow), axis=-1, keepdims=True)
