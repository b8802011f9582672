"""Score activation of the robust GOCor objective.

Truong et al., "GOCor: Bringing Globally Optimized Correspondence Volumes into
Your Neural Network", NeurIPS 2020, Eq. 4.

| paper | here                                     |
|-------|------------------------------------------|
| `c`   | `scores`                                 |
| `v-`  | `negative_slope`                         |
| `v+`  | `positive_slope`                         |
| `eta` | `eta`: 0 gives the kinked form (Eq. 4a)  |
"""

from keras import ops


def score_activation(scores, negative_slope, eta=0.0, positive_slope=1.0):
    """Scales scores by their sign's slope, with a kink or smoothly.

    `(p - m) / 2 * (sqrt(c**2 + eta**2) - eta) + (p + m) / 2 * c` for a score
    `c` and slopes `p` and `m` (GOCor, Eq. 4b).

    Args:
        scores: tensor of any shape.
        negative_slope: tensor broadcastable to `scores`.
        eta: width of the smooth transition at zero, in units of the scores.
            0 is a leaky ReLU.
        positive_slope: tensor broadcastable to `scores`.

    Returns:
        Activated scores, of the broadcast shape.
    """
    scores, rise, mean = _prepare(scores, negative_slope, positive_slope)
    if eta == 0:
        return scores * (rise * _sign(scores) + mean)
    magnitude = ops.sqrt(ops.square(scores) + eta**2) - eta
    return rise * magnitude + mean * scores


def score_activation_derivative(
    scores, negative_slope, eta=0.0, positive_slope=1.0
):
    """Derivative of `score_activation` with respect to the scores.

    At a score of zero it is the mean of the slopes for every `eta`.

    Args:
        scores: tensor of any shape.
        negative_slope: tensor broadcastable to `scores`.
        eta: as in `score_activation`.
        positive_slope: tensor broadcastable to `scores`.

    Returns:
        Derivatives, of the broadcast shape.
    """
    scores, rise, mean = _prepare(scores, negative_slope, positive_slope)
    if eta == 0:
        return rise * _sign(scores) + mean
    return rise * (scores / ops.sqrt(ops.square(scores) + eta**2)) + mean


def _prepare(scores, negative_slope, positive_slope):
    """The scores, and half the difference and sum of the slopes."""
    scores = ops.convert_to_tensor(scores)
    negative_slope = ops.convert_to_tensor(negative_slope, scores.dtype)
    rise = 0.5 * (positive_slope - negative_slope)
    mean = 0.5 * (positive_slope + negative_slope)
    return scores, rise, mean


def _sign(scores):
    # Its derivative, zero, would cost products of whole volumes.
    return ops.stop_gradient(ops.sign(scores))
