import math

import numpy as np
import pytest

from gocor_tf.metrics import outlier_rate

# Not above 3 px; just 3 px; 4 of 10 px; 4 of 100 px: within 5 %; 10 of 100.
ERRORS = [2, 3, 4, 4, 10]
MAGNITUDES = [10, 10, 10, 100, 100]


def test_an_outlier_exceeds_both_bounds():
    assert outlier_rate.outlier_rate(ERRORS, MAGNITUDES) == 40
    assert outlier_rate.count_outliers(ERRORS, MAGNITUDES) == 2


@pytest.mark.parametrize(
    ("error", "magnitude", "number"), [(5, 100, 0), (5.01, 100, 1), (4, 0, 1)]
)
def test_the_relative_bound_is_strict_and_holds_without_motion(
    error, magnitude, number
):
    assert outlier_rate.count_outliers([error], [magnitude]) == number


def test_bounds_can_be_chosen():
    # Above 1 px: all; above 20 %: 3, 4 of 10 px alone (2 of 10 is just that).
    rate = outlier_rate.outlier_rate(ERRORS, MAGNITUDES, 1.0, 0.2)
    assert rate == 40


def test_counts_pool_pairs_of_different_size():
    # 1 of 1 and 0 of 3 pixels: 25 %, while the mean of the rates is 50 %.
    pairs = [([4.0], [1.0]), (np.zeros(3), np.ones(3))]
    number = sum(outlier_rate.count_outliers(*pair) for pair in pairs)
    assert 100 * number / 4 == 25


def test_no_errors_give_nan():
    assert math.isnan(outlier_rate.outlier_rate([], []))


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="`errors` and `magnitudes` must have"):
        outlier_rate.outlier_rate([1.0], [1.0, 2.0])
