import numpy as np
import pytest

from gocor_tf.metrics import pixel_values


def test_maps_become_flat_float64_in_order():
    first, second = pixel_values.to_arrays(
        errors=np.array([[1, 2], [3, 4]]), magnitudes=np.eye(2, dtype="float32")
    )
    np.testing.assert_array_equal(first, [1, 2, 3, 4])
    np.testing.assert_array_equal(second, [1, 0, 0, 1])
    assert first.dtype == second.dtype == np.float64


def test_shapes_must_agree():
    message = r"`errors` and `magnitudes` must have one shape.*\(2,\).*\(3,\)"
    with pytest.raises(ValueError, match=message):
        pixel_values.to_arrays(errors=[1, 2], magnitudes=[1, 2, 3])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_must_be_finite(bad):
    message = "`magnitudes` must be finite numbers. Received: 1 of 2"
    with pytest.raises(ValueError, match=message):
        pixel_values.to_arrays(errors=[1, 2], magnitudes=[bad, 2])
