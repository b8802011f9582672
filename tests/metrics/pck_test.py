import math

import pytest

from gocor_tf.metrics import pck


def test_errors_up_to_the_threshold_are_correct():
    assert pck.percentage_correct([0.5, 1.0, 1.5, 8.0], 1.0) == 50.0


def test_no_errors_give_nan():
    assert math.isnan(pck.percentage_correct([], 1.0))


def test_a_negative_threshold_is_an_error():
    with pytest.raises(ValueError, match="`threshold` must be >= 0"):
        pck.percentage_correct([1.0], -1)
