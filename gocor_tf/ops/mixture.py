"""Mixtures of distributions over flow vectors, as PDC-Net predicts them.

Truong et al., "Learning Accurate Dense Correspondences and When to Trust
Them" (PDC-Net), Section 3; spec models.md, 7.6. The error of a flow vector
has independent x and y, and each mode of the mixture one variance for both.

| symbol | here |
|---|---|
| alpha_m | softmax of `mixture_logits` over the last axis |
| log sigma_m^2 | `log_variance` |
| beta^-, beta^+ | `minimum`, `maximum` of a variance |
| P_R | `interval_probability` with radius R |
"""

import math

from keras import backend, ops

DISTRIBUTIONS = ("laplace", "gaussian")


def constrain_log_variance(values, minimum=0.0, maximum=0.0):
    """Maps any numbers to logarithms of variances within bounds.

    With both bounds, `log(minimum + (maximum - minimum) * sigmoid(values -
    log(maximum)))`: about `log(minimum + exp(values))` unless that comes near
    the maximum. The paper has no such shift of the sigmoid: its first
    variances would be half of the maximum (spec training.md, T-9).

    Args:
        values: tensor of any shape.
        minimum: of the variances, in px squared; 0: no lower bound.
        maximum: of the variances, in px squared; 0: no upper bound.

    Returns:
        Tensor of the same shape, float32 at least.

    Raises:
        ValueError: unless the bounds are `0 <= minimum < maximum`, where they
            bind.
    """
    if minimum < 0 or maximum < 0 or 0 < maximum <= minimum:
        raise ValueError(
            "`minimum` and `maximum` must be 0 (no bound) or 0 < minimum < "
            f"maximum. Received: minimum={minimum}, maximum={maximum}"
        )
    values = _widen(values)
    if not minimum and not maximum:
        return values
    if not maximum:
        return ops.logaddexp(values, math.log(minimum))
    shifted = values - math.log(maximum)
    if not minimum:
        return math.log(maximum) + ops.log_sigmoid(shifted)
    return ops.log(minimum + (maximum - minimum) * ops.sigmoid(shifted))


def interval_probability(
    log_variance, mixture_logits=None, radius=1.0, distribution="laplace"
):
    """Returns how probable it is that the flow errs by less than a radius.

    With Laplace distributions, P_R of PDC-Net's confidence: the probability
    that x and y err by less than the radius each. With Gaussian ones, the
    probability of a disc of that radius. A mode whose variance is bounded
    from below by 1 cannot exceed 0.573 at radius 1 (Laplace).

    Args:
        log_variance: `(batch, height, width, modes)`, of variances in px
            squared.
        mixture_logits: tensor of the same shape, or None for one mode.
        radius: in px.
        distribution: "laplace" or "gaussian".

    Returns:
        `(batch, height, width)` in [0, 1], float32 at least.

    Raises:
        ValueError: if the radius is not positive, the distribution unknown,
            or several modes have no logits.
    """
    check_distribution(distribution)
    if radius <= 0:
        raise ValueError(f"`radius` must be > 0. Received: radius={radius}")
    log_variance = _widen(log_variance)
    if distribution == "laplace":
        # expm1 keeps small probabilities exact.
        rate = math.sqrt(2.0) * radius * ops.exp(-0.5 * log_variance)
        probability = ops.square(ops.expm1(-rate))
    else:
        rate = 0.5 * radius**2 * ops.exp(-log_variance)
        probability = -ops.expm1(-rate)
    return _average(probability, mixture_logits)


def mixture_variance(log_variance, mixture_logits=None):
    """Returns the variance of each component of the flow's error.

    Args:
        log_variance: `(batch, height, width, modes)`, of variances in px
            squared.
        mixture_logits: tensor of the same shape, or None for one mode.

    Returns:
        `(batch, height, width)`, in px squared, float32 at least.

    Raises:
        ValueError: if several modes have no logits.
    """
    return _average(ops.exp(_widen(log_variance)), mixture_logits)


def check_distribution(distribution):
    """Raises ValueError unless there is a distribution of that name."""
    if distribution not in DISTRIBUTIONS:
        raise ValueError(
            f"`distribution` must be one of {DISTRIBUTIONS}. "
            f"Received: distribution={distribution!r}"
        )


def _average(values, mixture_logits):
    """Averages the values of the modes by their share in the mixture."""
    if mixture_logits is None:
        check_modes(values.shape)
    if values.shape[-1] == 1:
        return values[..., 0]
    logits = _widen(mixture_logits)
    if values.shape[-1] == 2:
        # Half the time of a softmax over so short an axis.
        (first, second), (low, high) = (
            ops.unstack(tensor, axis=-1) for tensor in (values, logits)
        )
        return (
            ops.sigmoid(low - high) * first + ops.sigmoid(high - low) * second
        )
    return ops.sum(ops.softmax(logits, axis=-1) * values, axis=-1)


def check_modes(log_variance_shape):
    """Raises ValueError if several modes lack the logits of their shares."""
    if log_variance_shape[-1] != 1:
        raise ValueError(
            "`mixture_logits` must be given for more than one mode. "
            f"Received: log_variance.shape={tuple(log_variance_shape)}"
        )


def _widen(tensor):
    """Casts to float32 at least: variances overflow float16."""
    tensor = ops.convert_to_tensor(tensor)
    return ops.cast(tensor, backend.result_type(tensor.dtype, "float32"))
