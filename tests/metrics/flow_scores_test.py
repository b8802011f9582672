import json

import numpy as np
import pytest

from gocor_tf.metrics import flow_scores, outlier_rate, pck

ERRORS = [0.0, 1.0, 4.0, 5.0]
MAGNITUDES = [10.0, 10.0, 100.0, 10.0]


def test_a_record_holds_counts_sums_and_means():
    record = flow_scores.flow_record(
        ERRORS, MAGNITUDES, (1, 4.5), extent=40, alphas=(0.1,)
    )
    # 0.1 * 40 = 4 px; 4 px are within 5 % of 100 px, 5 px are not of 10 px.
    assert record == {
        "num_valid": 4,
        "epe_sum": 10.0,
        "num_correct_1": 2,
        "num_correct_4.5": 3,
        "num_correct_alpha_0.1": 3,
        "num_outliers": 1,
        "aepe": 2.5,
        "pck1": 50.0,
        "pck4.5": 75.0,
        "pck_alpha_0.1": 75.0,
        "fl": 25.0,
    }


def test_means_are_those_of_the_single_metrics():
    rng = np.random.default_rng(0)
    errors, magnitudes = rng.exponential([[4], [50]], (2, 1000))
    record = flow_scores.flow_record(errors, magnitudes, (3,), 90, (0.05,))
    assert record["aepe"] == pytest.approx(np.mean(errors), rel=1e-12)
    assert record["fl"] == outlier_rate.outlier_rate(errors, magnitudes)
    assert record["pck3"] == pck.percentage_correct(errors, 3)
    alpha = pck.percentage_correct_alpha(errors, 0.05, 90)
    assert record["pck_alpha_0.05"] == alpha


@pytest.mark.parametrize("errors", [ERRORS, []])
def test_records_survive_json(errors):
    magnitudes = np.array(MAGNITUDES[: len(errors)], np.float32)
    record = flow_scores.flow_record(errors, magnitudes, np.array([1, 3]))
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_a_pair_without_truth_has_counts_of_zero_and_no_means():
    record = flow_scores.flow_record([], [], (1,))
    assert record["num_valid"] == record["num_correct_1"] == 0
    assert record["aepe"] is record["pck1"] is record["fl"] is None


def test_a_mean_of_another_name_is_an_error():
    with pytest.raises(ValueError, match="`name` must be .*'median'"):
        flow_scores.mean_of_pixels({"num_valid": 1}, "median")


def test_thresholds_are_checked():
    with pytest.raises(ValueError, match="`thresholds` must be >= 0"):
        flow_scores.flow_record(ERRORS, MAGNITUDES, (1, -1))
    with pytest.raises(ValueError, match="`extent` must be a positive"):
        flow_scores.flow_record(ERRORS, MAGNITUDES, (), None, (0.1,))


def test_errors_must_be_finite():
    with pytest.raises(ValueError, match="`errors` must be finite numbers"):
        flow_scores.flow_record([np.nan], [1.0], (1,))
