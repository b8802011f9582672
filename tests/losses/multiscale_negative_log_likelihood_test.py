import math

import numpy as np
import pytest

from gocor_tf.losses import negative_log_likelihood
from gocor_tf.losses.multiscale_negative_log_likelihood import (
    multiscale_negative_log_likelihood,
)


def _outputs(modes):
    """Levels 4 (2 x 2) and 3 (4 x 4): no flow, variances of one."""
    outputs = {}
    for level, size in ((4, 2), (3, 4)):
        shape = (1, size, size)
        outputs[f"flow_level_{level}"] = np.zeros((*shape, 2), "float32")
        for name in ("log_variance", "mixture_logits"):
            outputs[f"{name}_level_{level}"] = np.zeros(
                (*shape, modes), "float32"
            )
    return outputs


def test_levels_are_weighted_and_summed_over_pixels():
    flow = np.zeros((1, 8, 8, 2), "float32") + np.array([4, 0], "float32")
    loss, parts = multiscale_negative_log_likelihood(
        _outputs(2), flow, level_weights=(0.32, 0.08)
    )
    pixel = math.log(2) + 4 * math.sqrt(2)
    assert list(parts) == ["flow_level_4", "flow_level_3"]
    assert float(parts["flow_level_4"]) == pytest.approx(0.32 * 4 * pixel)
    assert float(loss) == pytest.approx((0.32 * 4 + 0.08 * 16) * pixel)


def test_one_mode_without_logits_under_a_mask():
    flow = np.zeros((1, 8, 8, 2), "float32")
    flow[:, :4, :4] = 100.0
    valid = np.ones((1, 8, 8, 1), "float32")
    valid[:, :5, :5] = 0
    outputs = {
        name: value
        for name, value in _outputs(1).items()
        if "logits" not in name
    }
    loss, _ = multiscale_negative_log_likelihood(
        outputs, flow, valid, (1.0, 0.0), negative_log_likelihood.gaussian
    )
    assert float(loss) == pytest.approx(4 * math.log(2 * math.pi), rel=1e-6)


def test_enlarged_levels_are_raw_log_variances_and_logits():
    """Halfway between two cells is halfway between their numbers."""
    outputs = _outputs(2)
    for name in ("log_variance", "mixture_logits"):
        level = outputs[f"{name}_level_4"]
        level[..., 1, 1] = 8.0 if name == "log_variance" else -2.0
    flow = np.zeros((1, 6, 6, 2), "float32")
    valid = np.zeros((1, 6, 6, 1), "float32")
    # (1 + 0.5) / 3 - 0.5 = 0 is the first cell, (2 + 0.5) / 3 - 0.5 a third.
    flow[0, 1, 2], valid[0, 1, 2] = [3.0, -1.0], 1
    loss, _ = multiscale_negative_log_likelihood(
        outputs, flow, valid, (0.5, 0.0), upsample=True
    )
    shares = np.exp([0.0, -2.0 / 3])
    shares = shares / shares.sum()
    variances = np.exp([0.0, 8.0 / 3])
    densities = np.exp(-math.sqrt(2) * 4 / np.sqrt(variances)) / variances / 2
    expected = -0.5 * 36 * math.log((shares * densities).sum())
    assert float(loss) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("upsample", [False, True])
def test_no_mask_is_a_mask_of_ones(upsample):
    flow = np.random.default_rng(0).normal(size=(1, 8, 8, 2))
    flow = flow.astype("float32")
    losses = [
        float(
            multiscale_negative_log_likelihood(
                _outputs(2), flow, valid, upsample=upsample
            )[0]
        )
        for valid in (None, np.ones((1, 8, 8, 1)))
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_each_level_may_have_a_mask_of_its_own():
    flow = np.zeros((1, 8, 8, 2), "float32")
    masks = [np.zeros((1, 2, 2, 1)), np.ones((1, 4, 4, 1))]
    _, parts = multiscale_negative_log_likelihood(_outputs(2), flow, masks)
    assert float(parts["flow_level_4"]) == 0.0
    assert float(parts["flow_level_3"]) == pytest.approx(
        0.08 * 16 * math.log(2), rel=1e-6
    )


def test_networks_without_log_variances_are_an_error():
    flow = np.zeros((1, 8, 8, 2), "float32")
    outputs = {k: v for k, v in _outputs(2).items() if "flow" in k}
    with pytest.raises(ValueError, match="`outputs` must have log-variances"):
        multiscale_negative_log_likelihood(outputs, flow)


def test_weights_must_fit_the_levels():
    flow = np.zeros((1, 8, 8, 2), "float32")
    with pytest.raises(ValueError, match="`level_weights` must have one"):
        multiscale_negative_log_likelihood(_outputs(2), flow, None, (1.0,))
