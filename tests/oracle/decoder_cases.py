"""Cases of the group `decoders`."""

import functools
import re

import keras
from keras import ops

from gocor_tf.export import published_names
from gocor_tf.layers import transposed_convolution
from gocor_tf.layers.context_network import ContextNetwork
from gocor_tf.layers.flow_decoder import (
    DenseDecoder,
    PlainDecoder,
    ResidualDecoder,
)
from gocor_tf.models import VGGPyramid
from gocor_tf.ops import resize
from tests.oracle import fixture_check
from tests.oracle.fixture_check import (
    Case,
    to_channels_first,
    to_channels_last,
)

# Published class -> constructor of ours.
_DECODERS = {
    "CMDTop": lambda **options: PlainDecoder("relu", **options),
    "CMDTopResidualConnections": ResidualDecoder,
    "OpticalFlowEstimator": DenseDecoder,
    "OpticalFlowEstimatorNoDenseConnection": (
        lambda **options: PlainDecoder("leaky_relu", **options)
    ),
    "OpticalFlowEstimatorResidualConnection": ResidualDecoder,
}


def _decoder(fixture):
    constructor = fixture.entry["constructor"]
    published = fixture.entry["reference"].rpartition(".")[2]
    layer = _DECODERS[published](
        batch_norm=constructor["batch_norm"], synchronized=False
    )
    layer.build((None, None, None, constructor["in_channels"]))
    names = ("x", "mapping" if "mapping" in fixture.out else "flow")
    arguments = ("x1", "x3") if "x1" in fixture.inp else ("x",)

    def forward(inputs, training):
        features = ops.concatenate(
            [to_channels_last(inputs[name]) for name in arguments], axis=-1
        )
        outputs = layer(features, training=training)
        return dict(zip(names, map(to_channels_first, outputs), strict=True))

    naming = (
        published_names.mapping_decoder
        if "mapping" in fixture.out
        else published_names.decoder
    )
    return make_case(fixture, forward, naming(layer, ""))


def _refinement(fixture):
    constructor = fixture.entry["constructor"]
    layers, variables = {}, {}
    for name, prefix in (("adaptive", ""), ("final", "l_")):
        layer = ContextNetwork(
            batch_norm=constructor["batch_norm"], synchronized=False
        )
        channels = constructor[f"input_to_{name}_refinement"]
        layer.build((None, None, None, channels))
        variables |= published_names.context_network(layer, f"{prefix}dc_conv")
        layers[name] = layer

    def forward(inputs, training):
        outputs = {}
        for name, layer in layers.items():
            features = to_channels_last(inputs[f"x_{name}"])
            x, flow = layer(features, training=training)
            outputs[f"{name}_x"] = to_channels_first(x)
            outputs[f"{name}_res_flow"] = to_channels_first(flow)
        return outputs

    return make_case(fixture, forward, variables)


def _deconv(fixture):
    policy = keras.DTypePolicy("float32")
    layers = {
        "upfeat": transposed_convolution.double_features("features", policy),
        "deconv": transposed_convolution.double_flow("flow", policy),
    }
    variables = {}
    for name, layer in layers.items():
        channels = fixture.entry["constructor"][name][0]
        layer.build((None, None, None, channels))
        variables |= published_names.convolution(layer, name)

    def function(inputs, params):
        return {
            output: to_channels_first(layers[name](to_channels_last(tensor)))
            for output, name, tensor in (
                ("up_feat", "upfeat", inputs["x"]),
                ("up_flow", "deconv", inputs["flow"]),
            )
        }

    return Case(function, variables)


def _pyramid(fixture, dtype="float32"):
    pyramid = VGGPyramid(levels=range(5), dtype=dtype)
    is_semantic = "Semantic" in fixture.entry["reference"]
    if is_semantic:
        # It pools leftover rows and columns; the network has none.
        pyramid.pool = keras.layers.MaxPooling2D(2, padding="same")
    pyramid.build((None, None, None, 3))

    def function(inputs, params):
        levels = pyramid(to_channels_last(inputs["x"]))
        if is_semantic:
            size = [length // 2 for length in levels[-1].shape[1:3]]
            levels.append(resize.bilinear_resize(levels[-1], size))
        outputs = {f"full_{i}": level for i, level in enumerate(levels)}
        for i, level in enumerate((0, 2, 3)):
            outputs[f"eigth_resolution_{i}"] = levels[level]
        outputs["quarter_only"] = levels[2]
        step = int(re.search(r"\[::(\d+)\]", fixture.entry["what"]).group(1))
        return {
            name: to_channels_first(level[..., ::step])
            for name, level in outputs.items()
        }

    return Case(
        function,
        published_names.vgg_pyramid(pyramid, ""),
        in_float64=functools.partial(_pyramid, fixture, "float64"),
    )


def make_case(fixture, forward, variables, cells=None):
    """Makes the case of layers with, perhaps, batch normalization.

    Args:
        fixture: the fixture.
        forward: takes the inputs and `training`; returns the outputs.
        variables: parameter name -> variable.
        cells: block -> how many values of a channel its normalization sees
            for each cell of the inputs; 1 for blocks not named.
    """
    trained = any(name.startswith("train/") for name in fixture.out)
    momentum = 0.1

    def function(inputs, params):
        outputs = forward(inputs, training=False)
        if not trained:
            return outputs
        # Moving averages change inside this scope only.
        with fixture_check.assigned(variables, params) as scope:
            for name, value in forward(inputs, training=True).items():
                outputs[f"train/{name}"] = value
            batch, _, height, width = next(iter(fixture.inp.values())).shape
            count = batch * height * width
            for name, variable in variables.items():
                if "running_" not in name:
                    continue
                value = scope.get_current_value(variable)
                if name.endswith("running_var"):
                    # Keras averages the biased variance, PyTorch the
                    # unbiased one.
                    number = count * (cells or {}).get(name.split(".")[0], 1)
                    kept = (1 - momentum) * params[name]
                    value = kept + (value - kept) * number / (number - 1)
                outputs[f"train_running/{name}"] = value
        return outputs

    return Case(function, variables)


CASES = {
    "CMDTop": _decoder,
    "OpticalFlowEstimator": _decoder,
    "VGGPyramid": _pyramid,
    "deconv": _deconv,
    "refinement": _refinement,
}
