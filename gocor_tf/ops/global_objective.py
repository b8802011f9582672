"""The objective of global GOCor and steepest descent on it.

Truong et al., "GOCor: Bringing Globally Optimized Correspondence Volumes into
Your Neural Network", NeurIPS 2020, Sections 3.4 to 3.6.

| paper           | here                                              |
|-----------------|---------------------------------------------------|
| `w`             | `filters`                                         |
| `f^r`, `f^q`    | `reference`, `query`                              |
| `C(w, f^r)`     | the reference response, `w f^r` for all pairs     |
| `R * C(w, f^q)` | the query response                                |
| `y`, `v+`, `v-` | `weight * label`, `weight`, `weight * mask`       |
| `R`             | `weight1`, `weight2`: a separable 4-D convolution |
| `lambda**2`     | `ridge`                                           |
| `alpha`         | step length                                       |

The objective is half the sum of squares of the paper's three terms. Both
responses are linear in the filters: those of a step's result are those before
the step minus those of the gradient, which the step length needs anyway.
"""

from typing import Any, NamedTuple

from keras import ops

from gocor_tf.ops import conv4d, score_activation


class GlobalObjective(NamedTuple):
    """What the objective of a batch depends on, except the filters."""

    reference: Any  # (batch, cells, channels)
    query: Any  # (batch, query_cells, channels)
    grids: tuple  # (height, width, query_height, query_width)
    label: Any  # (cells, cells): of filter and feature; so weight and mask
    weight: Any
    mask: Any
    score_eta: float  # width of the smooth score activation
    ridge: Any  # scalar
    weight1: Any = None  # (k, k, 1, inner_dim), or None: no query term
    weight2: Any = None  # (k, k, inner_dim, output_dim)


def scores(filters, features):
    """Dot products of all filters with all features of a sample.

    Args:
        filters: `(batch, cells, channels)`.
        features: `(batch, other_cells, channels)`.

    Returns:
        `(batch, cells, other_cells)`.
    """
    return ops.einsum("bnc,bmc->bnm", filters, features)


def terms(objective, filters):
    """Evaluates the objective.

    Args:
        objective: a `GlobalObjective`.
        filters: `(batch, cells, channels)`.

    Returns:
        Dict of `(batch,)` tensors: "reference", "query" where there is a query
        term, "regularization" and "total".
    """
    reference, query = _responses(objective, filters)
    residual = _residual(objective, reference)
    values = {"reference": 0.5 * _power(residual)}
    if query is not None:
        values["query"] = 0.5 * _power(query)
    values["regularization"] = 0.5 * objective.ridge * _power(filters)
    return {**values, "total": sum(values.values())}


def gradient(objective, filters):
    """Derivative of the total objective with respect to the filters.

    Args:
        objective: a `GlobalObjective`.
        filters: `(batch, cells, channels)`.

    Returns:
        Tensor of the shape of `filters`.
    """
    return _gradient(objective, filters, _responses(objective, filters))


def step_length(objective, filters, damping=0.0):
    """Minimizes the Gauss-Newton model of the objective along its gradient.

    Args:
        objective: a `GlobalObjective`.
        filters: `(batch, cells, channels)`.
        damping: added to the curvature along the gradient.

    Returns:
        `(batch, cells, 1)`; with a query term, which couples the filters,
        `(batch, 1, 1)`.
    """
    responses = _responses(objective, filters)
    direction = _gradient(objective, filters, responses)
    changes = _responses(objective, direction)
    return _step_length(objective, responses, direction, changes, damping)


def descend(objective, filters, num_iterations, step_factor, damping=0.0):
    """Takes steps of steepest descent.

    Args:
        objective: a `GlobalObjective`.
        filters: `(batch, cells, channels)`, where to start.
        num_iterations: number of steps, an integer.
        step_factor: scalar, multiplies every step length.
        damping: as in `step_length`.

    Returns:
        Filters after the last step, of the shape of `filters`.
    """
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
        reference = scores(filters, objective.reference)
        query = responses[1]
        if query is not None:
            query = query - ops.reshape(step, (-1, 1, 1, 1, 1, 1)) * changes[1]
        responses = reference, query
    return filters


def _responses(objective, filters):
    """What the filters give on the reference and on the query, linearly."""
    reference = scores(filters, objective.reference)
    if objective.weight1 is None:
        return reference, None
    volume = ops.reshape(
        scores(filters, objective.query), (-1, *objective.grids)
    )
    query = conv4d.separable_conv4d(
        volume, objective.weight1, objective.weight2, swap=True
    )
    return reference, query


def _residual(objective, reference):
    activated = score_activation.score_activation(
        reference, objective.mask, objective.score_eta
    )
    return objective.weight * (activated - objective.label)


def _slope(objective, reference):
    """Derivative of the residual with respect to the score."""
    return objective.weight * score_activation.score_activation_derivative(
        reference, objective.mask, objective.score_eta
    )


def _gradient(objective, filters, responses):
    reference, query = responses
    factor = _slope(objective, reference) * _residual(objective, reference)
    result = ops.matmul(factor, objective.reference)
    result = result + objective.ridge * filters
    if query is None:
        return result
    volume = conv4d.separable_conv4d_transpose(
        query, objective.weight1, objective.weight2, swap=True
    )
    height, width, query_height, query_width = objective.grids
    volume = ops.reshape(
        volume, (-1, height * width, query_height * query_width)
    )
    return result + ops.matmul(volume, objective.query)


def _step_length(objective, responses, direction, changes, damping):
    slope = _slope(objective, responses[0])
    power = ops.sum(ops.square(direction), axis=-1, keepdims=True)
    curvature = ops.sum(ops.square(slope * changes[0]), axis=-1, keepdims=True)
    if changes[1] is not None:
        power = ops.sum(power, axis=1, keepdims=True)
        curvature = ops.sum(curvature, axis=1, keepdims=True)
        curvature = curvature + _power(changes[1])[:, None, None]
    # Damping is not part of what the lower bound applies to.
    curvature = ops.maximum(curvature + objective.ridge * power, 1e-8)
    return power / (curvature + damping * power)


def _power(values):
    """Sum of squares of each sample."""
    return ops.sum(ops.square(values), axis=tuple(range(1, len(values.shape))))
