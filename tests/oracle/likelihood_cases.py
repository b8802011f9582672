"""Cases of negative log-likelihoods in the group `losses`.

The published losses of one mode leave out the constant of the density, and
average the two components of the flow where ours adds them: this is repeated
here. `NLLGaussian` does so in the reduction "mean" only.
"""

import math
import re

from keras import ops

from gocor_tf.losses import endpoint_error, negative_log_likelihood
from gocor_tf.losses.multiscale_negative_log_likelihood import (
    multiscale_negative_log_likelihood,
)
from tests.oracle.fixture_check import Case, to_channels_last


def _error(published, reduction):
    """Returns the function of errors behind a published name."""
    if published == "NLLMixtureLaplace":
        return negative_log_likelihood.laplace
    if published == "NLLMixtureGaussian":
        return negative_log_likelihood.gaussian
    if published == "NLLLaplace":
        error, normalizer = negative_log_likelihood.laplace, 2.0
        components = 2
    elif published == "NLLGaussian":
        error, normalizer = negative_log_likelihood.gaussian, 2.0 * math.pi
        components = 2 if reduction == "mean" else 1
    else:
        raise KeyError(f"unknown loss: {published}")

    def published_error(predicted_flow, flow, log_variance, logits=None):
        errors = error(predicted_flow, flow, log_variance)
        return (errors - math.log(normalizer)) / components

    return published_error


def _single_scale(fixture):
    published = fixture.entry["reference"].rpartition(".")[2]

    def function(inputs, params):
        names = ("est_flow", "gt_flow", "log_var", "weight_map")
        tensors = [
            to_channels_last(inputs[name])
            for name in names
            if name in fixture.inp
        ]
        masks = {"nomask": None, "mask": to_channels_last(inputs["mask"])}
        outputs = {}
        for name in fixture.out:
            _, reduction, mask = re.fullmatch(
                r"(loss)_(\w+)_(nomask|mask)", name
            ).groups()
            errors = _error(published, reduction)(*tensors)
            outputs[name] = endpoint_error.reduce_error(
                errors, masks[mask], reduction
            )
        return outputs

    return Case(function)


def _multiscale(fixture):
    # MultiScaleMixtureDensity(<error>(reduction="weighted_sum_normalized"))
    published, reduction = re.search(
        r'MultiScale\w+Density\((\w+)\(reduction="(\w+)"\)\)',
        fixture.entry["reference"],
    ).groups()
    assert reduction == "weighted_sum_normalized"
    weights = fixture.entry["constructor"]["level_weights"]
    # Published kind of input -> ours.
    kinds = {
        "flow": "flow",
        "log_var": "log_variance",
        "weight": "mixture_logits",
    }

    def function(inputs, params):
        flow = to_channels_last(inputs["gt_flow"])
        # Levels count down, coarse to fine.
        levels = {
            f"{ours}_level_{len(weights) - level}": to_channels_last(
                inputs[f"{theirs}{level}"]
            )
            for theirs, ours in kinds.items()
            for level in range(len(weights))
            if f"{theirs}{level}" in fixture.inp
        }
        masks = {"nomask": None, "mask": inputs["mask"][..., None]}
        outputs = {}
        for name in fixture.out:
            variant, _, kind = name.partition("/")
            side, _, mask = variant.rpartition("_")
            loss, parts = multiscale_negative_log_likelihood(
                levels,
                flow,
                masks[mask],
                weights,
                _error(published, reduction),
                upsample=side == "upsample_est",
            )
            levels_loss = ops.stack(list(parts.values()))
            outputs[name] = loss if kind == "loss" else levels_loss
        return outputs

    return Case(function)


CASES = {
    "MultiScaleMixtureDensity": _multiscale,
    "MultiScaleSingleDensity": _multiscale,
    "NLL": _single_scale,
}
