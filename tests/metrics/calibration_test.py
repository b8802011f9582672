import json
import math

import numpy as np
import pytest

from gocor_tf.metrics import calibration
from gocor_tf.ops import mixture


def _calibrate(confidences, errors, radius=1.0, num_bins=20):
    bins = calibration.Calibration(num_bins)
    bins.update(
        calibration.calibration_record(confidences, errors, radius, num_bins)
    )
    return bins.result()


def test_bins_hold_mean_confidence_and_observed_share():
    result = _calibrate([0.1, 0.3, 0.9, 1.0], [0.5, 2, 1, 2], num_bins=2)
    # Below 0.5: mean 0.2, one of two within 1 px. Above: 0.95, one of two.
    assert result["edges"] == [0, 0.5, 1] and result["counts"] == [2, 2]
    np.testing.assert_allclose(result["confidence"], [0.2, 0.95], rtol=1e-12)
    assert result["observed"] == [0.5, 0.5]
    # (2 * |0.2 - 0.5| + 2 * |0.95 - 0.5|) / 4
    error = result["expected_calibration_error"]
    assert error == pytest.approx(0.375, rel=1e-12)


def test_each_bin_holds_its_lower_edge_and_the_last_one_both():
    record = calibration.calibration_record([0, 0.25, 0.5, 1], [0] * 4, 1, 4)
    assert record["counts"] == [1, 1, 1, 1]


def test_pairs_add_up_to_one_set_of_pixels():
    rng = np.random.default_rng(0)
    confidences, errors = rng.uniform(0, 1, 90), rng.exponential(1, 90)
    bins = calibration.Calibration()
    for part in (slice(0, 20), slice(20, 20), slice(20, 90)):
        record = calibration.calibration_record(confidences[part], errors[part])
        bins.update(json.loads(json.dumps(record, allow_nan=False)))
    result, expected = bins.result(), _calibrate(confidences, errors)
    assert result["counts"] == expected["counts"]
    for name in ("confidence", "observed", "expected_calibration_error"):
        np.testing.assert_allclose(result[name], expected[name], rtol=1e-12)


def test_confidence_of_a_mixture_is_calibrated_where_the_mixture_is_true():
    # Laplace noise of variance v has scale sqrt(v / 2) (spec training.md,
    # 3.4), and P_R is of |dx| and |dy|. With 40,000 pixels, a bin's share is
    # known to about 0.01.
    rng = np.random.default_rng(0)
    log_variance = rng.uniform(-4, 4, 40000)
    noise = rng.laplace(0, np.exp(log_variance / 2) / 2**0.5, (2, 40000))
    confidence = mixture.interval_probability(
        log_variance.reshape(1, 200, 200, 1), radius=1.0
    )
    confidence = np.ravel(confidence)
    result = _calibrate(confidence, np.abs(noise).max(axis=0))
    assert result["expected_calibration_error"] < 0.015
    doubled = _calibrate(confidence, 2 * np.abs(noise).max(axis=0))
    assert doubled["expected_calibration_error"] > 0.1


def test_empty_bins_and_no_pixels_give_nan():
    result = _calibrate([0.9], [0.0], num_bins=2)
    assert math.isnan(result["observed"][0]) and result["observed"][1] == 1
    assert result["expected_calibration_error"] == pytest.approx(0.1)
    nothing = calibration.Calibration(2).result()
    assert math.isnan(nothing["expected_calibration_error"])


@pytest.mark.parametrize("confidence", [-0.1, 1.1])
def test_confidences_must_be_probabilities(confidence):
    with pytest.raises(ValueError, match=r"`confidences` must be in \[0, 1\]"):
        calibration.calibration_record([0.5, confidence], [0, 0])


def test_bins_are_checked():
    with pytest.raises(ValueError, match="`num_bins` must be > 0"):
        calibration.Calibration(0)
    record = calibration.calibration_record([0.5], [0], num_bins=3)
    with pytest.raises(ValueError, match="must have 'counts' of 4 bins.*: 3"):
        calibration.Calibration(4).update(record)
