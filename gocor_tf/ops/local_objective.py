"""The objective of local GOCor and steepest descent on it.

Truong et al., "GOCor: Bringing Globally Optimized Correspondence Volumes into
Your Neural Network", NeurIPS 2020, Sections 3.4 to 3.6.

| paper           | here                                              |
|-----------------|---------------------------------------------------|
| `w`             | `filter_map`, `filters` once cut into tiles       |
| `f^r`, `f^q`    | `reference`, `query`, cut into windows            |
| `C(w, f^r)`     | the reference response, a mean over channels      |
| `R * C(w, f^q)` | the query response                                |
| `y`             | `label`: that of `DistancePredictors` times `v+`  |
| `v+`, `v-`      | `positive_slope`, `negative_slope`                |
| `R`             | `weight1`, `weight2`: a separable 4-D convolution |
| `lambda**2`     | `ridge`                                           |
| `alpha`         | step length                                       |

The descent stays in the tile space of `ops.tiles`: windows are cut once, label
and slopes are lifted into the band of a tile's scores and are zero outside
it, and scores never leave it. Responses are linear in the filters: those after
a step are those before it minus those of the gradient, which the step length
needs anyway. So a step costs two matrix products.
"""

from typing import Any, NamedTuple

from keras import ops

from gocor_tf.ops import conv4d, score_activation, tiles


class LocalObjective(NamedTuple):
    """What the objective of a batch depends on, except the filters."""

    reference: Any  # windows of features, divided by their channels
    query: Any  # the same of the query, or None: no query term
    inside: Any  # (1, rows, columns, PIXELS, 1): 1 in the map, else 0
    size: tuple  # (height, width) of the map
    radius: int  # of the search window, in pixels
    label: Any  # (PIXELS, window pixels): of filter and feature; so the slopes
    positive_slope: Any
    negative_slope: Any
    score_eta: float  # width of the smooth score activation
    ridge: Any  # scalar
    weight1: Any = None  # (k, k, 1, inner_dim), over the map
    weight2: Any = None  # (k, k, inner_dim, output_dim), over the window


def create(
    reference_features,
    query_features,
    radius,
    functions,
    ridge,
    score_eta=0.0,
    kernels=None,
):
    """Prepares the objective of a batch.

    Args:
        reference_features: `(batch, height, width, channels)`.
        query_features: same shape.
        radius: search radius in pixels.
        functions: label, weight and mask, each `((2 * radius + 1)**2,)`, one
            value per displacement.
        ridge: scalar, weight of the squared filters.
        score_eta: width of the smooth score activation; 0 is a kink.
        kernels: the query term's `weight1` and `weight2`; None: no query term.

    Returns:
        A `LocalObjective`.
    """
    _, height, width, channels = ops.shape(reference_features)
    label, weight, mask = functions
    label, positive_slope, negative_slope = (
        tiles.lift_band(
            ops.broadcast_to(values, (tiles.PIXELS, values.shape[0])), radius
        )
        for values in (weight * label, weight, weight * mask)
    )
    query = None
    if kernels is not None:
        query = tiles.cut_windows(query_features / channels, radius)
    return LocalObjective(
        reference=tiles.cut_windows(reference_features / channels, radius),
        query=query,
        inside=tiles.cut_tiles(ops.ones_like(reference_features[:1, ..., :1])),
        size=(height, width),
        radius=radius,
        label=label,
        positive_slope=positive_slope,
        negative_slope=negative_slope,
        score_eta=score_eta,
        ridge=ridge,
        weight1=kernels[0] if kernels is not None else None,
        weight2=kernels[1] if kernels is not None else None,
    )


def terms(objective, filter_map):
    """Evaluates the objective.

    Args:
        objective: a `LocalObjective`.
        filter_map: `(batch, height, width, channels)`.

    Returns:
        Dict of `(batch,)` tensors: "reference", "query" where there is a query
        term, "regularization" and "total".
    """
    reference, query = _responses(objective, tiles.cut_tiles(filter_map))
    residual = _residual(objective, reference) * objective.inside
    values = {"reference": 0.5 * _power(residual)}
    if query is not None:
        values["query"] = 0.5 * _power(query)
    values["regularization"] = 0.5 * objective.ridge * _power(filter_map)
    return {**values, "total": sum(values.values())}


def gradient(objective, filter_map):
    """Derivative of the total objective with respect to the filter map.

    Args:
        objective: a `LocalObjective`.
        filter_map: `(batch, height, width, channels)`.

    Returns:
        Tensor of the shape of `filter_map`.
    """
    filters = tiles.cut_tiles(filter_map)
    result = _gradient(objective, filters, _responses(objective, filters))
    return tiles.join_tiles(result, *objective.size)


def step_length(objective, filter_map, damping=0.0):
    """Minimizes the Gauss-Newton model of the objective along its gradient.

    Args:
        objective: a `LocalObjective`.
        filter_map: `(batch, height, width, channels)`.
        damping: added to the curvature along the gradient.

    Returns:
        `(batch, height, width, 1)`, equal over a sample with a query term,
        which couples the filters.
    """
    filters = tiles.cut_tiles(filter_map)
    responses = _responses(objective, filters)
    direction = _gradient(objective, filters, responses)
    changes = _responses(objective, direction)
    step = _step_length(objective, responses, direction, changes, damping)
    step = ops.broadcast_to(step, (*ops.shape(filters)[:-1], 1))
    return tiles.join_tiles(step, *objective.size)


def descend(objective, filter_map, num_iterations, step_factor, damping=0.0):
    """Takes steps of steepest descent.

    Args:
        objective: a `LocalObjective`.
        filter_map: `(batch, height, width, channels)`, where to start.
        num_iterations: number of steps, an integer.
        step_factor: scalar, multiplies every step length.
        damping: as in `step_length`.

    Returns:
        Filter map after the last step, of the shape of `filter_map`.
    """
    filters = tiles.cut_tiles(filter_map)
    responses = _responses(objective, filters)
    for _ in range(num_iterations):
        direction = _gradient(objective, filters, responses)
        changes = _responses(objective, direction)
        step = step_factor * _step_length(
            objective, responses, direction, changes, damping
        )
        filters = filters - step * direction
        # An update by `changes` would save this product, but its rounding puts
        # scores near zero on the wrong side of the activation's kink.
        reference = tiles.multiply(filters, objective.reference)
        query = responses[1]
        if query is not None:
            query = query - step[..., None] * changes[1]
        responses = reference, query
    return tiles.join_tiles(filters, *objective.size)


def _responses(objective, filters):
    """What the filters give on the reference and on the query, linearly."""
    reference = tiles.multiply(filters, objective.reference)
    if objective.query is None:
        return reference, None
    scores = tiles.multiply(filters, objective.query)
    scores = tiles.extract_band(scores, objective.radius)
    scores = tiles.join_tiles(scores, *objective.size)
    side = 2 * objective.radius + 1
    volume = ops.reshape(scores, (-1, *objective.size, side, side))
    query = conv4d.separable_conv4d(
        ops.transpose(volume, (0, 3, 4, 1, 2)),
        objective.weight1,
        objective.weight2,
        swap=True,
    )
    return reference, query


def _residual(objective, reference):
    activated = score_activation.score_activation(
        reference,
        objective.negative_slope,
        objective.score_eta,
        objective.positive_slope,
    )
    return activated - objective.label


def _slope(objective, reference):
    """Derivative of the residual with respect to the score."""
    return score_activation.score_activation_derivative(
        reference,
        objective.negative_slope,
        objective.score_eta,
        objective.positive_slope,
    )


def _gradient(objective, filters, responses):
    reference, query = responses
    factor = _slope(objective, reference) * _residual(objective, reference)
    result = tiles.multiply_transpose(factor, objective.reference)
    result = result + objective.ridge * filters
    if query is None:
        return result
    volume = conv4d.separable_conv4d_transpose(
        query, objective.weight1, objective.weight2, swap=True
    )
    volume = ops.transpose(volume, (0, 3, 4, 1, 2))
    count = (2 * objective.radius + 1) ** 2
    volume = ops.reshape(volume, (-1, *objective.size, count))
    factor = tiles.lift_band(tiles.cut_tiles(volume), objective.radius)
    result = result + tiles.multiply_transpose(factor, objective.query)
    # Pixels that only fill up a tile would count in the step length.
    return result * objective.inside


def _step_length(objective, responses, direction, changes, damping):
    """One per pixel, or, with a query term, `(batch, 1, 1, 1, 1)`."""
    slope = _slope(objective, responses[0])
    power = ops.sum(ops.square(direction), axis=-1, keepdims=True)
    curvature = ops.sum(ops.square(slope * changes[0]), axis=-1, keepdims=True)
    if changes[1] is not None:
        power = ops.sum(power, axis=(1, 2, 3), keepdims=True)
        curvature = ops.sum(curvature, axis=(1, 2, 3), keepdims=True)
        curvature += ops.reshape(_power(changes[1]), (-1, 1, 1, 1, 1))
    # Damping is not part of what the lower bound applies to.
    curvature = ops.maximum(curvature + objective.ridge * power, 1e-8)
    return power / (curvature + damping * power)


def _power(values):
    """Sum of squares of each sample."""
    return ops.sum(ops.square(values), axis=tuple(range(1, len(values.shape))))
