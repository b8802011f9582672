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


def test_weights_must_fit_the_levels():
    flow = np.zeros((1, 8, 8, 2), "float32")
    with pytest.raises(ValueError, match="`level_weights` must have one"):
        multiscale_negative_log_likelihood(_outputs(2), flow, None, (1.0,))
