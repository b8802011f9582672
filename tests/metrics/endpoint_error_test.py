import numpy as np
import pytest

from gocor_tf.metrics import endpoint_error

FLOW = np.zeros((2, 3, 2), "float32")
PREDICTED = FLOW + np.array([3, 4], "float32")


def test_errors_of_valid_pixels():
    valid = np.zeros((2, 3), bool)
    valid[0, 1] = valid[1, 2] = True
    errors = endpoint_error.endpoint_errors(PREDICTED, FLOW, valid)
    np.testing.assert_array_equal(errors, [5, 5])
    assert len(endpoint_error.endpoint_errors(PREDICTED, FLOW)) == 6


def test_average_over_a_batch_counts_each_valid_pixel_once():
    predicted = np.stack([PREDICTED, 2 * PREDICTED])
    valid = np.ones((2, 2, 3, 1), "float32")
    valid[1, 0] = 0
    mean = endpoint_error.average_endpoint_error(
        predicted, 0 * predicted, valid
    )
    assert float(mean) == pytest.approx((6 * 5 + 3 * 10) / 9)


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="must have one shape"):
        endpoint_error.endpoint_errors(PREDICTED[:1], FLOW)
    with pytest.raises(ValueError, match="`valid` must have shape"):
        endpoint_error.endpoint_errors(PREDICTED, FLOW, np.ones((3, 2)))
