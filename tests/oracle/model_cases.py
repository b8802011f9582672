"""Cases of the group `models`: whole networks, from images to flows.

Networks are made from a preset, and take the published weights by their names.
What the published code does around a network (spec models.md, 9.2 and 9.3) is
repeated here on top of product functions, with its slips.
"""

import functools

import numpy as np
from keras import ops

from gocor_tf.export import published_names
from gocor_tf.ops import preprocess, resize
from gocor_tf.ops.warp import masked_warp, warp
from tests.oracle import fixture_check, model_settings, uncertainty_cases
from tests.oracle.fixture_check import Case, to_channels_first

# Network -> {start of the published names: levels, coarse to fine}.
_GLUNET_LEVELS = {"output_256/": (4, 3), "output/": (2, 1)}
_LEVELS = {
    "BaseNet": {"": (4, 3, 2)},
    "GLUNet": _GLUNET_LEVELS,
    "PDCNet": _GLUNET_LEVELS,
    "PWCNet": {"": (6, 5, 4, 3, 2)},
    "SemanticGLUNet": _GLUNET_LEVELS,
}
# The published PWC-Net predicts flows divided by this.
_PWCNET_DIVISOR = 20.0
# How far one score on the other side of GOCor's kink moves a flow, as a part
# of the largest flow; tolerances are 20 times that.
_KINK = 2e-5


def _network(fixture, dtype="float32"):
    model, num_iterations = model_settings.load(
        fixture.entry["constructor"], dtype
    )
    query, reference = fixture.images()

    def run(reference, query):
        pair = {"reference": reference, "query": query}
        return model(pair, training=False, num_iterations=num_iterations)

    def function(inputs, params):
        outputs = run(reference, query)
        values = _levels(model, outputs)
        flow = _last_flow(model, outputs)
        size = reference.shape[1:3]
        values |= _final_flows(fixture, model, flow, size)
        if "confidence" in outputs:
            values |= uncertainty_cases.last_mixture(
                fixture, model, outputs, size, _output_size(fixture, size)
            )
        if any("cyclic" in name for name in fixture.out):
            # The published code exchanges the images when they are stretched
            # already, so both flows have the first one's sizes.
            backward = _last_flow(model, run(query, reference))
            values |= _cyclic_consistency(
                fixture,
                model,
                values["cyclic/flow"],
                _final_flows(fixture, model, backward, size)["cyclic/flow"],
            )
        stored = fixture.out
        return {name: v for name, v in values.items() if name in stored}

    return Case(
        function,
        published_names.variables(model),
        unused=published_names.unused(model, fixture_check.parameters(fixture)),
        noise=_noise(fixture, model, reference.shape[1:3]),
        in_float64=functools.partial(_network, fixture, "float64"),
    )


def _levels(model, outputs):
    """Returns what a network says of its levels, by published names."""
    name = type(model).__name__
    values = {}
    for prefix, levels in _LEVELS[name].items():
        if "correlation" in outputs:
            values[f"{prefix}correlation"] = outputs["correlation"]
        for index, level in enumerate(levels):
            flow = outputs[f"flow_level_{level}"]
            if name == "PWCNet":
                flow = flow / _PWCNET_DIVISOR
            values[f"{prefix}flow_estimates/{index}"] = flow
            if name == "PDCNet":
                start = f"{prefix}uncertainty_estimates/{index}"
                values |= {
                    f"{start}/0": outputs[f"log_variance_level_{level}"],
                    f"{start}/1": outputs[f"mixture_logits_level_{level}"],
                }
    return {name: to_channels_first(value) for name, value in values.items()}


def _last_flow(model, outputs):
    """Returns a network's finest flow."""
    *_, levels = _LEVELS[type(model).__name__].values()
    return outputs[f"flow_level_{levels[-1]}"]


def _final_flows(fixture, model, flow, reference_size):
    """Returns the flow at the size that the fixture asks for (9.2).

    The published `estimate_flow` of PWC-Net has a slip: whatever the size
    asked for, the flow has that of the reference, and the values of the size
    asked for. Its `estimate_flow_and_confidence_map` does not.
    """
    size = _output_size(fixture, reference_size)
    scale = ops.convert_to_tensor(
        _scale(fixture, model, reference_size), dtype=flow.dtype
    )
    is_pwcnet = type(model).__name__ == "PWCNet"
    grid = reference_size if is_pwcnet else size
    return {
        name: to_channels_first(resize.bilinear_resize(flow, grid) * scale)
        for name, grid in (("final_flow", grid), ("cyclic/flow", size))
    }


def _output_size(fixture, reference_size):
    options = dict(fixture.entry["info"]["estimate_kwargs"])
    scaling = options.pop("scaling", 1.0)
    size = options.pop("output_shape", None)
    if options:
        raise KeyError(f"unknown settings of the published estimate: {options}")
    if size is not None:
        return tuple(size)
    return tuple(int(length * scaling) for length in reference_size)


def _scale(fixture, model, reference_size):
    """Returns how many pixels of the output a pixel of the network is."""
    network_size = {
        "BaseNet": lambda *_: (256, 256),
        "PWCNet": preprocess.pwcnet_size,
    }.get(type(model).__name__, preprocess.glunet_size)(*reference_size)
    size = _output_size(fixture, reference_size)
    return np.divide(size, network_size)[::-1]


def _cyclic_consistency(fixture, model, flow, backward_flow):
    """Returns the published distance between a way there and back (9.3)."""
    warp_function = masked_warp if type(model).__name__ == "PWCNet" else warp
    flow, backward_flow = (
        ops.moveaxis(tensor, 1, -1) for tensor in (flow, backward_flow)
    )
    error = ops.norm(flow + warp_function(backward_flow, flow), axis=-1)
    values = {}
    for prefix in ("cyclic", "uncertainty"):
        name = f"{prefix}/cyclic_consistency_error"
        if name in fixture.out:
            error = ops.reshape(error, fixture.out[name].shape)
            values[name] = error
            inverse = f"{prefix}/inv_cyclic_consistency_error"
            values[inverse] = 1 / (1 + error)
    return values


def _noise(fixture, model, reference_size):
    """Returns the noise of outputs of which the manifest gives none.

    It is that of the last level, in pixels of the output. Errors of the way
    there and back have it too: neither the length of a sum nor its inverse
    after adding 1 varies more than the sum. With GOCor, where rounding may
    have carried a score of the way back over the kink, they have more (in
    `models/PDCNet_200x300_quarter` and `models/GLUNet_GOCor_200x300_quarter`).
    """
    *_, (prefix, levels) = _LEVELS[type(model).__name__].items()
    name = f"out/{prefix}flow_estimates/{len(levels) - 1}"
    noise = fixture.entry["arrays"][name]["f32_vs_f64_max"]
    noise *= max(_scale(fixture, model, reference_size))
    if type(model).__name__ == "PWCNet":
        noise *= _PWCNET_DIVISOR
    flows = {"final_flow", "cyclic/flow"} & set(fixture.out)
    noises = dict.fromkeys(flows, noise)
    if getattr(model, "local_correlation", None) == "gocor":
        size = np.abs(fixture.out["final_flow"]).max()
        noise = max(noise, _KINK * float(size))
    for name in fixture.out:
        if name.endswith("cyclic_consistency_error"):
            noises[name] = noise
    if type(model).__name__ == "PDCNet":
        noises |= uncertainty_cases.last_noise(fixture)
    return noises


CASES = dict.fromkeys(model_settings.PRESETS, _network)
