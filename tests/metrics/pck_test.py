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


def test_alpha_is_relative_to_the_extent_and_its_border_counts():
    # 0.1 * 80 px = 8 px.
    errors = [0.5, 8.0, 8.1, 30.0]
    assert pck.percentage_correct_alpha(errors, 0.1, 80) == 50.0
    assert pck.percentage_correct_alpha(errors, 0.1, 300) == 100.0


def test_a_negative_alpha_is_an_error():
    with pytest.raises(ValueError, match="`alpha` must be >= 0"):
        pck.percentage_correct_alpha([1.0], -0.1, 80)


@pytest.mark.parametrize("extent", [None, 0, -5, math.inf, math.nan])
def test_the_extent_must_be_a_positive_number(extent):
    with pytest.raises(ValueError, match="`extent` must be a positive number"):
        pck.percentage_correct_alpha([1.0], 0.1, extent)
