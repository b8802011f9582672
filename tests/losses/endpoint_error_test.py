import numpy as np
import pytest
from keras import ops

from gocor_tf.losses import endpoint_error

FLOW = np.array([[[[1, 0.5], [2, -1]], [[0, 2], [-3, 4]]]], "float32")
PREDICTED = np.array([[[[1.5, 0], [0, -1]], [[0, 5], [-3, 4]]]], "float32")
VALID = np.array([[[[1], [1]], [[0], [1]]]], "float32")


@pytest.mark.parametrize(
    ("error", "valid", "expected"),
    [
        (endpoint_error.endpoint_error, None, 5.70711),
        (endpoint_error.endpoint_error, VALID, 3.60947),
        (endpoint_error.absolute_error, VALID, 4.0),
        (endpoint_error.charbonnier_error, None, 4.03853),
    ],
)
def test_losses_have_the_published_values(error, valid, expected):
    loss = endpoint_error.reduce_error(error(PREDICTED, FLOW), valid)
    assert float(loss) == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize(
    "error",
    [
        endpoint_error.endpoint_error,
        endpoint_error.absolute_error,
        endpoint_error.charbonnier_error,
    ],
)
@pytest.mark.parametrize(
    "reduction", ["weighted_sum_normalized", "weighted_sum", "mean"]
)
def test_no_mask_is_a_mask_of_ones(error, reduction):
    errors, ones = error(PREDICTED, FLOW), np.ones_like(VALID)
    none, all_ones = (
        float(endpoint_error.reduce_error(errors, valid, reduction))
        for valid in (None, ones)
    )
    assert none == pytest.approx(all_ones, rel=1e-6)


def test_float64_flows_have_float64_losses():
    flow = np.ones((2, 3, 3, 2))
    loss = endpoint_error.reduce_error(
        endpoint_error.endpoint_error(flow, 0 * flow), np.ones((2, 3, 3, 1))
    )
    assert float(loss) / (9 / (9 + 1e-6)) == pytest.approx(
        9 * 2**0.5, rel=1e-14
    )


def test_gradient_is_zero_where_flows_agree():
    tf = pytest.importorskip("tensorflow")
    predicted = tf.constant(PREDICTED)
    with tf.GradientTape() as tape:
        tape.watch(predicted)
        error = endpoint_error.endpoint_error(predicted, FLOW)
        loss = endpoint_error.reduce_error(error)
    gradient = tape.gradient(loss, predicted).numpy()
    np.testing.assert_array_equal(gradient[0, 1, 1], [0, 0])
    np.testing.assert_allclose(gradient[0, 0, 1], [-1, 0], atol=1e-6)


def test_reductions_differ_by_batch_and_pixels():
    error = np.arange(8, dtype="float32").reshape(2, 2, 2, 1)
    reduce = endpoint_error.reduce_error
    assert float(reduce(error, reduction="weighted_sum")) == pytest.approx(28)
    assert float(reduce(error)) == pytest.approx(14)
    assert float(reduce(error, reduction="mean")) == pytest.approx(3.5)


def test_errors_that_are_not_finite_are_left_out():
    error = ops.convert_to_tensor([[[[np.nan], [np.inf], [3.0]]]])
    loss = endpoint_error.reduce_error(error, reduction="mean")
    assert float(loss) == 3.0


def test_an_empty_mask_gives_zero():
    error = np.ones((1, 2, 2, 1), "float32")
    for reduction in ("weighted_sum_normalized", "mean"):
        loss = endpoint_error.reduce_error(error, 0 * error, reduction)
        assert float(loss) == 0.0


def test_an_unknown_reduction_is_an_error():
    with pytest.raises(ValueError, match="`reduction` must be"):
        endpoint_error.reduce_error(VALID, reduction="sum")
