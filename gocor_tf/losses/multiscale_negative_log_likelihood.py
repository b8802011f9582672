"""Negative log-likelihood summed over the levels of PDC-Net.

The ground truth is resized to each level without changing its vectors, as for
`multiscale_endpoint_error`; errors are summed over pixels (spec training.md,
3.1 and 3.4).
"""

from gocor_tf.losses import (
    endpoint_error,
    multiscale_endpoint_error,
    negative_log_likelihood,
)


def multiscale_negative_log_likelihood(
    outputs,
    flow,
    valid=None,
    level_weights=(0.32, 0.08),
    error=negative_log_likelihood.laplace,
):
    """Returns the weighted sum of the levels' negative log-likelihoods.

    PDC-Net's levels 4 and 3 speak in pixels of the 256 x 256 images, levels 2
    and 1 in those of the full images: each two have a ground truth of their
    own, and a call.

    Args:
        outputs: dict of a network's outputs: flows `flow_level_N`
            `(batch, level_height, level_width, 2)`, with
            `log_variance_level_N` and, for more than one mode,
            `mixture_logits_level_N` of the same grid and a channel a mode;
            the larger `N`, the coarser.
        flow: `(batch, height, width, 2)` ground truth, in the pixels of those
            flows.
        valid: `(batch, height, width, 1)`, 1 where the ground truth counts;
            `None` for everywhere. A level's pixel counts if all the pixels it
            is resized from do.
        level_weights: a weight for each level, coarse to fine.
        error: function of a flow, its ground truth, log-variances and logits.

    Returns:
        A scalar, float32 at least, and a dict of each level's weighted part
        of it.

    Raises:
        ValueError: if the weights do not fit the levels.
    """
    names = multiscale_endpoint_error.level_names(outputs, level_weights)
    parts = {}
    for name, weight in zip(names, level_weights, strict=True):
        predicted_flow = outputs[name]
        level_flow, level_valid = multiscale_endpoint_error.resize_truth(
            flow, valid, predicted_flow
        )
        level = name.removeprefix("flow")
        errors = error(
            predicted_flow,
            level_flow,
            outputs["log_variance" + level],
            outputs.get("mixture_logits" + level),
        )
        parts[name] = weight * endpoint_error.reduce_error(errors, level_valid)
    return sum(parts.values()), parts
