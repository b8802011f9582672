"""Negative log-likelihoods of the true flow under a predicted mixture.

As PDC-Net is trained (spec training.md, 3.4): each mode is centred on the
predicted flow, x and y are independent and share the mode's variance. With a
mode's variance s^2, its share alpha and the true flow's difference d,

    laplace:  -log sum alpha / (2 s^2)    * exp(-sqrt(2) * |d|_1 / s)
    gaussian: -log sum alpha / (2 pi s^2) * exp(-|d|_2^2 / (2 s^2))

With one mode, robustly and up to a constant (warp consistency with
uncertainty, 3.6), h being Huber's function, d^2 / 2 below 1 px and |d| - 1 / 2
beyond:

    gaussian_huber: log s^2 + (h(dx) + h(dy)) / s^2
"""

import math

from keras import backend, ops

from gocor_tf.ops import mixture


def laplace(predicted_flow, flow, log_variance, mixture_logits=None):
    """Returns each pixel's negative log-likelihood: Laplace distributions.

    Args:
        predicted_flow: `(batch, height, width, 2)`, in px.
        flow: ground truth of the same shape and unit.
        log_variance: `(batch, height, width, modes)`, of variances in px
            squared.
        mixture_logits: tensor of the same shape, or None for one mode.

    Returns:
        `(batch, height, width, 1)`, float32 at least.

    Raises:
        ValueError: if several modes have no logits.
    """
    predicted, true, log_variance = _widen(predicted_flow, flow, log_variance)
    distance = ops.sum(ops.abs(predicted - true), axis=-1, keepdims=True)
    exponent = math.sqrt(2.0) * distance * ops.exp(-0.5 * log_variance)
    log_density = -math.log(2.0) - log_variance - exponent
    return -_log_mean(log_density, mixture_logits)


def gaussian(predicted_flow, flow, log_variance, mixture_logits=None):
    """Returns each pixel's negative log-likelihood: normal distributions.

    Args:
        predicted_flow: `(batch, height, width, 2)`, in px.
        flow: ground truth of the same shape and unit.
        log_variance: `(batch, height, width, modes)`, of variances in px
            squared.
        mixture_logits: tensor of the same shape, or None for one mode.

    Returns:
        `(batch, height, width, 1)`, float32 at least.

    Raises:
        ValueError: if several modes have no logits.
    """
    predicted, true, log_variance = _widen(predicted_flow, flow, log_variance)
    squared = ops.sum(ops.square(predicted - true), axis=-1, keepdims=True)
    exponent = 0.5 * squared * ops.exp(-log_variance)
    log_density = -math.log(2.0 * math.pi) - log_variance - exponent
    return -_log_mean(log_density, mixture_logits)


def gaussian_huber(predicted_flow, flow, log_variance, mixture_logits=None):
    """Returns each pixel's robust error under one normal distribution.

    Where x and y err by less than 1 px, this is `gaussian` less its constant
    `log(2 pi)`; further out it grows linearly. It is published with the
    reduction "mean".

    Args:
        predicted_flow: `(batch, height, width, 2)`, in px.
        flow: ground truth of the same shape and unit.
        log_variance: `(batch, height, width, 1)`, of variances in px squared.
        mixture_logits: ignored: the share of a single mode is 1.

    Returns:
        `(batch, height, width, 1)`, float32 at least.

    Raises:
        ValueError: if there are several modes.
    """
    predicted, true, log_variance = _widen(predicted_flow, flow, log_variance)
    if log_variance.shape[-1] != 1:
        raise ValueError(
            "`log_variance` must have one channel: this error has one mode. "
            f"Received: log_variance.shape={tuple(log_variance.shape)}"
        )
    distance = ops.abs(predicted - true)
    huber = ops.where(distance < 1, 0.5 * ops.square(distance), distance - 0.5)
    total = ops.sum(huber, axis=-1, keepdims=True)
    return ops.exp(-log_variance) * total + log_variance


def _log_mean(log_density, mixture_logits):
    """Returns the logarithm of the modes' average density."""
    if mixture_logits is None:
        mixture.check_modes(log_density.shape)
        return log_density
    log_density, logits = _widen(log_density, mixture_logits)
    return ops.logsumexp(
        logits + log_density, axis=-1, keepdims=True
    ) - ops.logsumexp(logits, axis=-1, keepdims=True)


def _widen(*tensors):
    """Casts to the widest of the dtypes, float32 at least."""
    tensors = [ops.convert_to_tensor(tensor) for tensor in tensors]
    dtype = backend.result_type(*(t.dtype for t in tensors), "float32")
    return tuple(ops.cast(tensor, dtype) for tensor in tensors)
