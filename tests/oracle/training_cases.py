"""Cases of the group `models` that train: one step, but for the update.

They compute a network's losses in training mode, the losses' derivatives and
the statistics that its batch normalizations keep. With random weights, flows
are so rough that rounding carries many a sample or an activation over a kink:
derivatives in float32 differ between two programs by more than the published
float32 noise, in GLU-Net and GLU-Net-GOCor by more than the manifest's rule
allows. So float64 decides, and float32 has to be near (`comparison`).
"""

import contextlib
import functools
import math
import re
from unittest import mock

import keras
from keras import ops

from gocor_tf.export import published_names
from gocor_tf.losses.multiscale_endpoint_error import multiscale_endpoint_error
from gocor_tf.losses.multiscale_negative_log_likelihood import (
    multiscale_negative_log_likelihood,
)
from gocor_tf.ops import flow as flow_ops
from gocor_tf.ops import preprocess, resize
from tests.oracle import fixture_check, model_settings
from tests.oracle.fixture_check import Case, to_channels_last

# The published PWC-Net predicts flows divided by this.
_PWCNET_DIVISOR = 20.0


def _training_step(fixture, dtype="float32"):
    model, num_iterations = model_settings.load(
        fixture.entry["constructor"], dtype
    )
    _freeze_pyramids(model, fixture.entry["info"]["frozen"])
    variables = published_names.variables(model)
    query, reference = (images.astype(dtype) for images in fixture.images())
    is_pwcnet = type(model).__name__ == "PWCNet"
    losses = _pwcnet_losses if is_pwcnet else _glunet_losses

    def function(inputs, params):
        flow = resize.bilinear_resize(
            ops.cast(to_channels_last(inputs["gt_grid"]), dtype),
            reference.shape[1:3],
        )
        flow, *images = _crop(fixture, flow, reference, query)
        pair = dict(zip(("reference", "query"), images, strict=True))
        with _without_resizing(), _noting_batches() as batches:
            outputs = model(pair, training=True, num_iterations=num_iterations)
        return {
            **losses(_level_weights(fixture), outputs, flow),
            **_running_statistics(variables, batches, params),
        }

    return Case(
        function,
        variables,
        unused=published_names.unused(model, fixture_check.parameters(fixture)),
        in_float64=functools.partial(_training_step, fixture, "float64"),
    )


def _freeze_pyramids(model, frozen):
    """Freezes the feature pyramids that the published training freezes."""
    for name in ("pyramid", "pyramid_256"):
        if any(parameter.startswith(f"{name}.") for parameter in frozen):
            getattr(model, name).trainable = False


def _crop(fixture, *tensors):
    """Crops images, and the ground truth with them, if the notes say so."""
    found = re.search(
        r"images cropped \[:, :(\d+), :(\d+)\]", fixture.entry["notes"]
    )
    if found is None:
        return tensors
    height, width = map(int, found.groups())
    return [tensor[:, :height, :width] for tensor in tensors]


def _level_weights(fixture):
    """Returns the notes' lists of weights, one a loss."""
    lists = re.findall(r"weights \[([\d.,]+)\]", fixture.entry["notes"])
    return [[float(n) for n in text.split(",")] for text in lists]


def _glunet_losses(level_weights, outputs, flow):
    """Returns the losses of the levels 4 and 3, of 2 and 1, and their sum."""
    loss = multiscale_endpoint_error
    if "confidence" in outputs:
        loss = multiscale_negative_log_likelihood
    coarse, fine = (
        {k: v for k, v in outputs.items() if k.endswith(suffixes)}
        for suffixes in (("_level_4", "_level_3"), ("_level_2", "_level_1"))
    )
    coarse_weights, fine_weights = level_weights
    coarse_flow = flow_ops.resize_flow(flow, (256, 256))
    loss_256, _ = loss(coarse, coarse_flow, level_weights=coarse_weights)
    loss_original, _ = loss(fine, flow, level_weights=fine_weights)
    return {
        "loss_256": loss_256,
        "loss_original": loss_original,
        "loss_total": loss_256 + loss_original,
    }


def _pwcnet_losses(level_weights, outputs, flow):
    (weights,) = level_weights
    loss, _ = multiscale_endpoint_error(outputs, flow, level_weights=weights)
    return {"loss_total": loss / _PWCNET_DIVISOR}


def _without_resizing():
    """Leaves images as they are, for they have a size that networks train at.

    Outside of training, those below 256 pixels are stretched.
    """
    return mock.patch.object(preprocess, "glunet_size", lambda *size: size)


@contextlib.contextmanager
def _noting_batches():
    """Notes each batch normalization's momentum, and how many it averages.

    Yields:
        Dict: id of the variable of the moving variance -> the two numbers.
    """
    batches = {}
    call = keras.layers.BatchNormalization.call

    def noting_call(layer, inputs, *args, **kwargs):
        number = math.prod(ops.shape(inputs)[:-1])
        batches[id(layer.moving_variance)] = layer.momentum, number
        return call(layer, inputs, *args, **kwargs)

    with mock.patch.object(
        keras.layers.BatchNormalization, "call", noting_call
    ):
        yield batches


def _running_statistics(variables, batches, params):
    """Returns the moving statistics after the call, as PyTorch keeps them.

    Its variance of a batch of n is a sum divided by n - 1, that of Keras by n.
    """
    statistics = {}
    for name, variable in variables.items():
        if not name.endswith((".running_mean", ".running_var")):
            continue
        value = variable.value
        if id(variable) in batches:
            momentum, number = batches[id(variable)]
            old = ops.cast(params[name], value.dtype)
            value = value + (value - momentum * old) / (number - 1)
        statistics[f"running/{name}"] = value
    return statistics


CASES = {"train_": _training_step}
