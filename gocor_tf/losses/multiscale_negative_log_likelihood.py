"""Negative log-likelihood summed over the levels of PDC-Net.

Ground truth and levels are brought to one size as for
`multiscale_endpoint_error`; in the second stage it is raw log-variances and
logits that are enlarged. Errors are summed over pixels (spec training.md, 3.1
and 3.4).
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
    upsample=False,
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
            `None` for everywhere; or a list with one for each level, coarse
            to fine. A level's pixel counts if all the pixels it is resized
            from do.
        level_weights: a weight for each level, coarse to fine.
        error: function of a flow, its ground truth, log-variances and logits.
        upsample: whether the levels are enlarged to the ground truth's size
            instead of the ground truth being reduced to theirs.

    Returns:
        A scalar, float32 at least, and a dict of each level's weighted part
        of it.

    Raises:
        ValueError: if the weights or the masks do not fit the levels, or a
            level has no log-variance.
    """
    parts = {}
    names = multiscale_endpoint_error.level_names(outputs, level_weights)
    masks = multiscale_endpoint_error.level_masks(valid, names)
    for name, weight, mask in zip(names, level_weights, masks, strict=True):
        (predicted_flow, *distribution), level_flow, mask = (
            multiscale_endpoint_error.match_sizes(
                _predictions(outputs, name), flow, mask, upsample
            )
        )
        errors = error(predicted_flow, level_flow, *distribution)
        parts[name] = weight * endpoint_error.reduce_error(errors, mask)
    return sum(parts.values()), parts


def _predictions(outputs, name):
    """Returns a level's flow, log-variances and, where there are any, logits.

    Raises:
        ValueError: if there are no log-variances.
    """
    level = name.removeprefix("flow")
    if "log_variance" + level not in outputs:
        raise ValueError(
            "`outputs` must have log-variances, which PDC-Net alone predicts. "
            f"Received: outputs={sorted(outputs)}"
        )
    names = (name, "log_variance" + level, "mixture_logits" + level)
    return [outputs[name] for name in names if name in outputs]
