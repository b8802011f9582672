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


def test_enlarged_levels_have_the_published_loss():
    flow = np.zeros((1, 8, 8, 2), "float32") + np.array([4, 0], "float32")
    loss, parts = multiscale_endpoint_error(
        _levels(2, 4), flow, level_weights=(0.08, 0.08), upsample=True
    )
    assert float(loss) == pytest.approx(40.96, abs=1e-4)
    assert float(parts["flow_level_4"]) == pytest.approx(20.48, abs=1e-4)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (endpoint_error.endpoint_error, 5.0),
        (endpoint_error.absolute_error, 7.0),
        (endpoint_error.charbonnier_error, 7.01**0.4),
    ],
)
def test_sparse_ground_truth_counts_only_where_it_is(error, expected):
    """Enlarged bilinearly, a ramp of 0, 4, 8, 12 has 5 in the third column."""
    outputs = _levels(4)
    outputs["flow_level_4"][..., 0] = 4 * np.arange(4)
    flow = np.full((1, 8, 8, 2), 1000.0, "float32")
    valid = np.zeros((1, 8, 8, 1), "float32")
    flow[0, 5, 3], valid[0, 5, 3] = [5 + 3, 4], 1
    loss, _ = multiscale_endpoint_error(
        outputs, flow, valid, (0.5,), error, upsample=True
    )
    assert float(loss) == pytest.approx(0.5 * 64 * expected, rel=1e-5)


@pytest.mark.parametrize("upsample", [False, True])
def test_each_level_may_have_a_mask_of_its_own(upsample):
    flow = np.zeros((1, 8, 8, 2), "float32")
    flow[:, :4] = [1.0, 0.0]
    sizes = (8, 8) if upsample else (2, 4)
    top, bottom = (np.zeros((1, size, size, 1)) for size in sizes)
    top[:, : sizes[0] // 2] = bottom[:, sizes[1] // 2 :] = 1
    _, parts = multiscale_endpoint_error(
        _levels(2, 4), flow, [top, bottom], (1.0, 1.0), upsample=upsample
    )
    expected = sizes[0] ** 2, 0.0
    assert [float(p) for p in parts.values()] == pytest.approx(expected)


@pytest.mark.parametrize("upsample", [False, True])
def test_no_mask_is_a_mask_of_ones(upsample):
    flow = np.random.default_rng(0).normal(size=(2, 8, 8, 2))
    outputs = {k: np.repeat(v, 2, 0) for k, v in _levels(2, 4).items()}
    losses = [
        float(
            multiscale_endpoint_error(
                outputs, flow, valid, (0.3, 0.1), upsample=upsample
            )[0]
        )
        for valid in (None, np.ones((2, 8, 8, 1)))
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_masks_must_fit_the_levels():
    flow = np.ones((1, 4, 4, 2), "float32")
    masks = [np.ones((1, 4, 4, 1), "float32")]
    with pytest.raises(ValueError, match="`valid` must be one mask, or one"):
        multiscale_endpoint_error(_levels(2, 4), flow, masks, (1.0, 1.0))


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
