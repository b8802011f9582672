"""Cases of the group `losses`."""

import re

import numpy as np
from keras import ops

from gocor_tf.losses import endpoint_error, multiscale_endpoint_error
from gocor_tf.metrics import endpoint_error as endpoint_error_metric
from gocor_tf.metrics import pck
from gocor_tf.ops import resize
from tests.oracle.fixture_check import Case, to_channels_last

_ERRORS = {
    "EPE": endpoint_error.endpoint_error,
    "L1": endpoint_error.absolute_error,
    "L1Charbonnier": endpoint_error.charbonnier_error,
}


def _single_scale(fixture):
    error = _ERRORS[fixture.entry["id"].rpartition("/")[2]]
    reductions = fixture.entry["constructor"]["reduction"]

    def function(inputs, params):
        errors = error(
            to_channels_last(inputs["est_flow"]),
            to_channels_last(inputs["gt_flow"]),
        )
        masks = {"nomask": None, "mask": to_channels_last(inputs["mask"])}
        return {
            f"loss_{reduction}_{name}": endpoint_error.reduce_error(
                errors, mask, reduction
            )
            for reduction in reductions
            for name, mask in masks.items()
        }

    return Case(function)


def _multiscale(fixture):
    # MultiScaleFlow(<error>(reduction="weighted_sum_normalized"))
    error, reduction = re.search(
        r'MultiScaleFlow\((\w+)\(reduction="(\w+)"\)\)',
        fixture.entry["reference"],
    ).groups()
    assert reduction == "weighted_sum_normalized"
    weights = fixture.entry["constructor"]["level_weights"]
    names = [f"flow{level}" for level in range(len(weights))]

    def function(inputs, params):
        flow = to_channels_last(inputs["gt_flow"])
        # Levels count down, coarse to fine.
        levels = {
            f"flow_level_{len(names) - level}": to_channels_last(inputs[name])
            for level, name in enumerate(names)
        }
        outputs = {}
        for side in ("downsample_gt", "upsample_est"):
            masks = {"nomask": None, "mask": inputs["mask"][..., None]}
            for name, mask in masks.items():
                loss, parts = (
                    multiscale_endpoint_error.multiscale_endpoint_error(
                        levels,
                        flow,
                        mask,
                        weights,
                        _ERRORS[error],
                        upsample=side == "upsample_est",
                    )
                )
                outputs[f"{side}_{name}/loss"] = loss
                outputs[f"{side}_{name}/levels"] = ops.stack(
                    [parts[level] for level in levels]
                )
        return outputs

    return Case(function)


def _real_metrics(fixture):
    def function(inputs, params):
        flow = to_channels_last(inputs["gt"])
        upsampled = resize.bilinear_resize(
            to_channels_last(inputs["est"]), flow.shape[1:3]
        )
        outputs = {}
        for name in fixture.out:
            ratio = re.fullmatch(r"epe_ratio_([\dp]+)_([\dp]+)", name)
            scale = ratio.groups() if ratio else ("1", "1")
            scale = [float(text.replace("p", ".")) for text in scale]
            outputs[name] = endpoint_error_metric.average_endpoint_error(
                upsampled * np.array(scale, np.float32),
                flow,
                inputs["mask"][..., None],
            )
        thresholds = re.findall(r"pck(\d+)", "epe_pck1_pck3_pck5")
        errors = endpoint_error_metric.endpoint_errors(
            ops.convert_to_numpy(upsampled),
            ops.convert_to_numpy(flow),
            inputs["mask"],
        )
        outputs["epe_pck1_pck3_pck5"] = np.array(
            [
                outputs["epe"],
                *(
                    pck.percentage_correct(errors, float(threshold)) / 100
                    for threshold in thresholds
                ),
            ]
        )
        return outputs

    return Case(function)


CASES = {
    "EPE": _single_scale,
    "L1": _single_scale,
    "L1Charbonnier": _single_scale,
    "MultiScaleFlow": _multiscale,
    "real_metrics": _real_metrics,
}
