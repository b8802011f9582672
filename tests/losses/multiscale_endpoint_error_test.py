import numpy as np
import pytest

from gocor_tf.losses import endpoint_error
from gocor_tf.losses.multiscale_endpoint_error import (
    multiscale_endpoint_error,
)


def _levels(*sizes):
    return {
        f"flow_level_{level}": np.zeros((1, size, size, 2), "float32")
        for level, size in zip((4, 3, 2), sizes, strict=False)
    }


def test_resized_ground_truth_keeps_its_vectors():
    flow = np.zeros((1, 8, 8, 2), "float32") + np.array([4, 0], "float32")
    loss, parts = multiscale_endpoint_error(
        _levels(2, 4), flow, level_weights=(0.32, 0.08)
    )
    assert float(loss) == pytest.approx(10.24, abs=1e-5)
    assert float(parts["flow_level_4"]) == pytest.approx(5.12, abs=1e-5)
    assert list(parts) == ["flow_level_4", "flow_level_3"]


def test_a_cell_counts_only_if_all_its_pixels_do():
    flow = np.ones((1, 4, 4, 2), "float32")
    flow[0, :2, :2] = 100.0
    valid = np.ones((1, 4, 4, 1), "float32")
    valid[0, 0, 0] = 0
    loss, _ = multiscale_endpoint_error(_levels(2), flow, valid, (1.0,))
    assert float(loss) == pytest.approx(4 * 2**0.5, rel=1e-5)


def test_another_error_and_output_names_without_level():
    flow = np.ones((1, 2, 2, 2), "float32")
    outputs = {**_levels(2), "flow": flow}
    loss, _ = multiscale_endpoint_error(
        outputs, flow, None, (0.5,), endpoint_error.absolute_error
    )
    assert float(loss) == pytest.approx(4.0)


@pytest.mark.parametrize("weights", [(1.0,), ()])
def test_weights_must_fit_the_levels(weights):
    flow = np.ones((1, 4, 4, 2), "float32")
    with pytest.raises(ValueError, match="`level_weights` must have one"):
        multiscale_endpoint_error(_levels(2, 4), flow, None, weights)
