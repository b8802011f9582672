"""Score activation of the robust GOCor objective.

Truong et al., "GOCor: Bringing Globally Optimized Correspondence Volumes into
Your Neural Network", NeurIPS 2020, Eq. 4. Both functions leave the positive
weight to the caller.

| paper       | here                                           |
|-------------|------------------------------------------------|
| `c`         | `scores`                                       |
| `v- / v+`   | `negative_slope`                               |
| `eta`       | `eta`: 0 gives the kinked form (Eq. 4a)        |
"""

from keras import ops


def score_activation(scores, negative_slope, eta=0.0):
    """Scales negative scores by a slope, with a kink or smoothly.

    `(1 - m) / 2 * (sqrt(c**2 + eta**2) - eta) + (1 + m) / 2 * c` for a score
    `c` and a slope `m` (GOCor, Eq. 4b divided by `v+`).

    Args:
        scores: tensor of any shape.
        negative_slope: tensor broadcastable to `scores`.
        eta: width of the smooth transition at zero, in units of the scores.
            0 is a leaky ReLU.

    Returns:
        Activated scores, of the broadcast shape.
    """
    scores = ops.convert_to_tensor(scores)
    negative_slope = ops.convert_to_tensor(negative_slope, scores.dtype)
    if eta == 0:
        return scores * score_activation_derivative(scores, negative_slope)
    magnitude = ops.sqrt(ops.square(scores) + eta**2) - eta
    return 0.5 * (
        (1 - negative_slope) * magnitude + (1 + negative_slope) * scores
    )


def score_activation_derivative(scores, negative_slope, eta=0.0):
    """Derivative of `score_activation` with respect to the scores.

    At a score of zero it is `(1 + negative_slope) / 2` for every `eta`.

    Args:
        scores: tensor of any shape.
        negative_slope: tensor broadcastable to `scores`.
        eta: as in `score_activation`.

    Returns:
        Derivatives, of the broadcast shape.
    """
    scores = ops.convert_to_tensor(scores)
    negative_slope = ops.convert_to_tensor(negative_slope, scores.dtype)
    if eta == 0:
        direction = ops.sign(scores)
    else:
        direction = scores / ops.sqrt(ops.square(scores) + eta**2)
    return 0.5 * ((1 - negative_slope) * direction + (1 + negative_slope))
