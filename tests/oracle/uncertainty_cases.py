"""Cases of PDC-Net's parts in the group `decoders`, and its last outputs."""

import re

from keras import ops

from gocor_tf.export import published_names
from gocor_tf.layers.correlation_uncertainty import CorrelationUncertainty
from gocor_tf.layers.uncertainty_decoder import UncertaintyDecoder
from gocor_tf.ops import confidence_mask, mixture, resize
from tests.oracle import decoder_cases
from tests.oracle.fixture_check import (
    Case,
    to_channels_first,
    to_channels_last,
)

_DISTRIBUTIONS = {"gauss": "gaussian", "laplace": "laplace"}


def _correlation_uncertainty(fixture):
    constructor = fixture.entry["constructor"]
    size = constructor["search_size"]
    layer = CorrelationUncertainty(
        search_size=size,
        batch_norm=constructor["batch_norm"],
        synchronized=False,
    )
    shape = (None, None, None, size**2)
    names = ("x", "x_second_corr")[: constructor["in_channels"]]
    layer.build(*[shape] * len(names))

    def forward(inputs, training):
        volumes = [to_channels_last(inputs[name]) for name in names]
        features = layer(*volumes, training=training)
        return {"uncertainty_corr": to_channels_first(features)}

    # Sides of the windows after each convolution and the pooling.
    sides = {9: (7, 5, 3), 16: (14, 5, 3)}[size]
    return decoder_cases.make_case(
        fixture,
        forward,
        published_names.decoder(layer, "", head="predict_uncertainty"),
        {f"conv_{number}": side**2 for number, side in enumerate(sides)},
    )


def _uncertainty_decoder(fixture):
    constructor = fixture.entry["constructor"]
    layer = UncertaintyDecoder(
        num_modes={1: 1, 3: 2, 4: 3}[constructor["output_channels"]],
        batch_norm=constructor["batch_norm"],
        synchronized=False,
    )
    layer.build((None, None, None, constructor["in_channels"]))

    def forward(inputs, training):
        outputs = layer(to_channels_last(inputs["x"]), training=training)
        names = ("large_log_var_map", "weight_map")
        return dict(zip(names, map(to_channels_first, outputs), strict=True))

    return decoder_cases.make_case(
        fixture,
        forward,
        published_names.decoder(layer, "", head="predict_uncertainty_final"),
    )


def _probability_and_variance(fixture):
    def function(inputs, params):
        inputs = {name: to_channels_last(inputs[name]) for name in fixture.inp}
        parameters = {
            "mixture": (inputs["log_var"], inputs["weight"]),
            "mixture3": (inputs["log_var3"], inputs["weight3"]),
            "single": (inputs["log_var1"], None),
        }
        outputs = {}
        for name in fixture.out:
            kind, *rest = name.split("_")
            if kind == "p":
                value = mixture.interval_probability(
                    *parameters[rest[0]],
                    float(rest[1].removeprefix("R")),
                    _DISTRIBUTIONS[rest[2]],
                )[:, None]
            elif kind == "variance":
                value = mixture.mixture_variance(*parameters["mixture"])
                value = value[:, None]
            elif kind == "constrain":
                value = mixture.constrain_log_variance(
                    inputs["raw"], *map(_bound, rest)
                )
                value = to_channels_first(value)
            else:
                value = _mask("_".join(rest), *parameters["mixture"])
            outputs[name] = value
        return outputs

    return Case(function)


def _bound(text):
    """Returns the number that "2" or "520sq" means."""
    number, square = re.fullmatch(r"(\d+)(sq)?", text).groups()
    return float(number) ** (2 if square else 1)


def _mask(rule, log_variance, mixture_logits):
    """Returns the published mask of a rule (spec models.md, 9.5)."""
    if match := re.fullmatch(r"proba_interval_([\d.]+)_above_([\d.]+)", rule):
        radius, percent = map(float, match.groups())
        probability = mixture.interval_probability(
            log_variance, mixture_logits, radius
        )
        mask = probability >= percent / 100
    elif match := re.fullmatch(r"variance_below_([\d.]+)", rule):
        variance = mixture.mixture_variance(log_variance, mixture_logits)
        mask = variance <= float(match[1])
    else:
        match = re.fullmatch(r"([\d.]+)_percent_most_certain", rule)
        probability = mixture.interval_probability(log_variance, mixture_logits)
        # The published slip: the least certain ones, of all images together.
        pixels = ops.reshape(probability, (1, 1, -1))
        mask = confidence_mask.most_certain_mask(-pixels, float(match[1]))
        mask = ops.reshape(mask, ops.shape(probability))
    return ops.cast(mask, "bool")


def last_mixture(fixture, model, outputs, reference_size, size):
    """Returns what PDC-Net says at the size that is asked for (9.3).

    The published code interpolates the parameters of the last level, in its
    pixels whatever the size. So does the network, to the reference's size.
    """
    radius = fixture.entry["info"]["inference_parameters"]["R"]
    if tuple(size) == tuple(reference_size) and radius == model.radius:
        names = ("log_variance", "mixture_logits", "confidence")
        log_variance, mixture_logits, confidence = map(outputs.get, names)
    else:
        log_variance, mixture_logits = (
            resize.bilinear_resize(outputs[f"{name}_level_1"], size)
            for name in ("log_variance", "mixture_logits")
        )
        confidence = mixture.interval_probability(
            log_variance, mixture_logits, radius
        )
    variance = mixture.mixture_variance(log_variance, mixture_logits)
    values = {
        "log_var_map": log_variance,
        "log_var_map_1": log_variance[..., 1:],
        "weight_map": mixture_logits,
        "p_r": confidence[..., None],
        "variance": variance[..., None],
    }
    return {
        f"uncertainty/{name}": to_channels_first(value)
        for name, value in values.items()
    }


def last_noise(fixture):
    """Returns the noise of these outputs, of which the manifest gives none.

    Interpolation does not add to that of level 1. A probability varies by
    half of what its parameters do at most, a variance in proportion to itself.
    """
    log_variance, mixture_logits = (
        fixture.entry["arrays"][f"out/output/uncertainty_estimates/1/{index}"][
            "f32_vs_f64_max"
        ]
        for index in (0, 1)
    )
    noise = {
        "log_var_map": log_variance,
        "log_var_map_1": log_variance,
        "weight_map": mixture_logits,
        "p_r": (log_variance + mixture_logits) / 2,
    }
    noise = {f"uncertainty/{name}": value for name, value in noise.items()}
    if "uncertainty/variance" in fixture.out:
        variance = float(fixture.out["uncertainty/variance"].mean())
        noise["uncertainty/variance"] = variance * (
            log_variance + 2 * mixture_logits
        )
    return {name: noise[name] for name in noise if name in fixture.out}


CASES = {
    "MixtureDensityEstimatorFromCorr": _correlation_uncertainty,
    "MixtureDensityEstimatorFromUncertaintiesAndFlow": _uncertainty_decoder,
    "probability_and_variance": _probability_and_variance,
}
