import dataclasses

import numpy as np
import pytest

from gocor_tf.trainers.evaluation import protocols, scoring
from gocor_tf.trainers.evaluation.estimate import Estimate
from tests.trainers.evaluation.fake_pairs import (
    SIZE,
    constant_flow,
    moves_by,
    sample,
)

PAIRS = protocols.PAIRS
CAMERA = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])
MOTION = np.eye(4)
MOTION[0, 3] = 1


def _score(truth, method, protocol=PAIRS):
    images = truth["reference"], truth["query"]
    return scoring.score(truth, method(*images), protocol)


def test_a_dense_flow():
    # Errors 5 (of 3 and 4) in the first six columns, 1 in the others.
    truth = constant_flow(0)
    truth[:, 6:] = 3, 3
    record = _score(sample(flow=truth), moves_by(3, 4))
    assert (record["name"], record["group"]) == ("a", "g")
    assert record["aepe"] == record["median"] == pytest.approx(3)
    assert [record[f"pck{t}"] for t in (1, 3, 5, 10)] == [50, 50, 100, 100]
    # Outliers err by more than 3 px.
    assert record["fl"] == 50
    assert record["sums"]["num_valid"] == 96
    assert record["sums"]["epe_sum"] == pytest.approx(48 * 6)


def test_unknown_pixels_do_not_count():
    truth = constant_flow(1)
    truth[1:] = np.nan
    record = _score(sample(flow=truth), moves_by(0))
    assert record["aepe"] == 1 and record["sums"]["num_valid"] == 12


def test_nothing_known_gives_no_scores():
    record = _score(sample(flow=constant_flow(np.nan)), moves_by(0, 0, 0.5))
    assert {record[name] for name in PAIRS.metrics} == {None}
    assert record["sums"]["num_valid"] == 0


def test_a_pair_without_truth_has_every_key():
    record = _score(sample(), moves_by(0))
    assert {record[name] for name in PAIRS.metrics} == {None}
    assert record["sums"] == {}


def test_points_are_scored_between_pixels():
    # Flow (2 x, x + 3 y), at (1.25, 2.5) and (4, 0).
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    flow = np.stack([2.0 * x, x + 3.0 * y], axis=-1)
    points = np.array([[1.25, 2.5], [4.0, 0.0]])
    truth = sample(points=points, flow=np.array([[2.5, 8.75], [8, 4]]))
    confidence = np.full(SIZE, 0.5)
    record = _score(truth, lambda *_: Estimate(flow, None, confidence))
    assert record["aepe"] == 0 and record["sums"]["num_valid"] == 2
    assert record["ause_epe"] == pytest.approx(0, abs=1e-6)


def test_points_outside_have_the_flow_of_the_border():
    y, x = np.mgrid[:5, :6]
    flow = np.stack([2.0 * x, x + 3.0 * y], axis=-1)
    np.testing.assert_array_equal(
        scoring.sample_at(flow, np.array([[9.0, -1.0], [-0.5, 4.5]])),
        [[10, 5], [0, 12]],
    )


def test_alphas_are_relative_to_the_extent():
    protocol = dataclasses.replace(PAIRS, alphas=(0.05, 0.1))
    truth = sample(flow=constant_flow(1.5), extent=20)
    record = _score(truth, moves_by(0), protocol)
    # Limits 1 and 2 px.
    assert record["pck_alpha_0.05"] == 0 and record["pck_alpha_0.1"] == 100


def test_curves_of_errors():
    # Errors 2 px: correct from the threshold 2, the seventh of 0.25 * 2^k/2.
    record = _score(sample(flow=constant_flow(20)), moves_by(18))
    curve = record["sums"]["curve"]
    assert scoring.CURVE_THRESHOLDS[6] == 2
    assert curve == [0] * 6 + [96] * (len(scoring.CURVE_THRESHOLDS) - 6)
    # 20 px lies in the fourth bin, from 10 to 30.
    assert record["sums"]["displacement_counts"] == [0, 0, 0, 96, 0, 0, 0]
    assert record["sums"]["displacement_errors"][3] == 192


@pytest.mark.parametrize(
    ("confidence", "area"),
    # One pixel in two errs by 4 px, the others not at all: the mean is 2. Once
    # half of the pixels are gone, a right order leaves a mean of 0 and a wrong
    # one of 4, twice the first, over half of the axis.
    [((0.9, 0.1), 0.0), ((0.1, 0.9), 1.0)],
)
def test_confidence_is_sparsified(confidence, area):
    truth = constant_flow(0)
    truth[:, 6:] = 4, 0
    sure = np.full(SIZE, confidence[0])
    sure[:, 6:] = confidence[1]
    record = _score(
        sample(flow=truth),
        lambda *_: Estimate(constant_flow(0), None, sure),
    )
    assert record["ause_epe"] == pytest.approx(area, abs=0.02)
    bins = record["sums"]["calibration"]
    assert sum(bins["counts"]) == sum(bins["num_correct"]) == 96
    assert bins["confidence_sums"][18] == pytest.approx(48 * 0.9)


def test_sure_pixels_are_counted_apart():
    # Eight rows of 12 pixels; the truth is 6 px off in the last two columns.
    truth, sure = constant_flow(0), np.full(SIZE, 0.5)
    truth[:, 10:], sure[:, 4:] = (6, 0), 0.51

    def record(confidence):
        return _score(
            sample(flow=truth),
            lambda *_: Estimate(constant_flow(0), None, confidence),
        )

    found = record(sure)
    assert found["coverage"] == pytest.approx(100 * 8 / 12)
    assert found["precision"] == pytest.approx(100 * 6 / 8)
    found = record(np.full(SIZE, 0.5))
    assert found["coverage"] == 0 and found["precision"] is None
    assert _score(sample(flow=truth), moves_by(0))["coverage"] is None


def test_a_confidence_beyond_one_is_an_error():
    with pytest.raises(ValueError, match=r"`confidences` must be in \[0, 1\]"):
        _score(sample(flow=constant_flow(0)), moves_by(0, 0, 1.5))


def test_objects_are_carried_over():
    # Columns 4..7 are moved to 2..5: 2 of 6 in common, 4 of 12 differ.
    mask = np.zeros(SIZE, bool)
    mask[:, 4:8] = True
    record = _score(sample(masks=(mask, mask)), moves_by(2))
    assert record["iou"] == pytest.approx(100 / 3)
    assert record["label_transfer_accuracy"] == pytest.approx(200 / 3)
    assert record["aepe"] is None


def test_a_pose_that_cannot_be_found_is_the_worst():
    truth = sample(pose=(CAMERA, CAMERA, MOTION))
    record = _score(truth, moves_by(1000))
    assert record["rotation_error"] == 180
    assert record["translation_error"] == 90
    assert record["num_matches"] == 0
    assert np.isnan(record["epipolar_precision"])


@pytest.mark.parametrize(
    ("reads_matches", "is_sure", "number"),
    [(True, True, 6), (False, True, 1), (True, False, 1)],
)
def test_the_protocol_says_which_matches_make_a_pose(
    reads_matches, is_sure, number
):
    protocol = dataclasses.replace(PAIRS, reads_matches=reads_matches)
    point = np.zeros((1, 2))
    # Features matched without a confidence keep their own keypoints.
    sure = np.ones(SIZE) if is_sure else None
    estimate = Estimate(constant_flow(0), lambda: (point, point), sure)
    truth = sample(pose=(CAMERA, CAMERA, MOTION))
    record = _score(truth, lambda *_: estimate, protocol)
    assert record["num_matches"] == number
    # Without keypoints of its own, the flow's pixels are all there is.
    assert _score(truth, moves_by(0), protocol)["num_matches"] == 6


def test_a_pose_from_keypoints():
    # Points at depths 2..6; the query camera is one to the right, so they are
    # at x - 1 there.
    points = np.random.default_rng(0).uniform((-1, -1, 2), (1, 1, 6), (50, 3))
    reference, query = (
        (seen / seen[:, 2:] @ CAMERA.T)[:, :2]
        for seen in (points, points - (1, 0, 0))
    )
    estimate = Estimate(constant_flow(0), lambda: (reference, query))
    truth = sample(pose=(CAMERA, CAMERA, MOTION))
    record = _score(truth, lambda *_: estimate)
    assert record["rotation_error"] == pytest.approx(0, abs=0.01)
    assert record["translation_error"] == pytest.approx(0, abs=0.01)
    assert record["epipolar_precision"] == 100
    assert record["num_matches"] == 50


@pytest.mark.parametrize(
    ("flow", "message"),
    [
        (constant_flow(0, size=(8, 11)), r"shape \(8, 12, 2\). .*\(8, 11, 2\)"),
        (constant_flow(np.nan), "finite numbers. Received: 96 of 96 vectors"),
        (constant_flow(0, np.inf), "finite numbers. Received: 96 of 96 vec"),
    ],
)
def test_what_is_no_flow_is_an_error(flow, message):
    with pytest.raises(ValueError, match=f"`flow` must .*{message}"):
        _score(sample(), lambda *_: Estimate(flow))
