import math

import cv2
import numpy as np
import pytest

from gocor_tf.metrics import rays, relative_pose

REFERENCE_CAMERA = np.array([[500.0, 0, 300], [0, 510, 200], [0, 0, 1]])
QUERY_CAMERA = np.array([[700.0, 0, 350], [0, 690, 260], [0, 0, 1]])
ROTATION = cv2.Rodrigues(np.array([0.05, -0.2, 0.1]))[0]
MOTION = np.eye(4)
MOTION[:3, :3] = ROTATION
MOTION[:3, 3] = (2.0, 0.4, -0.3)


def _project(points, camera):
    pixels = points @ camera.T
    return pixels[:, :2] / pixels[:, 2:]


def _matches(number=300, outliers=0, scale=1.0):
    rng = np.random.default_rng(0)
    points = rng.uniform((-3, -2, 6), (3, 2, 12), (number, 3))
    moved = points @ ROTATION.T + scale * MOTION[:3, 3]
    reference = _project(moved, REFERENCE_CAMERA)
    query = _project(points, QUERY_CAMERA)
    query[:outliers] = rng.uniform(0, 500, (outliers, 2))
    return reference, query


@pytest.mark.parametrize("estimator", ["magsac", "ransac"])
@pytest.mark.parametrize("outliers", [0, 100])
def test_pose_of_a_rigid_scene_is_found(outliers, estimator):
    pose = relative_pose.estimate_pose(
        *_matches(outliers=outliers), REFERENCE_CAMERA, QUERY_CAMERA, estimator
    )
    rotation_error, translation_error = relative_pose.pose_errors(pose, MOTION)
    assert rotation_error < 0.1 and translation_error < 0.5
    # The sign of the translation is right as well.
    assert pose[1] @ MOTION[:3, 3] > 0


def test_magsac_is_the_default():
    points = _matches(outliers=100)
    poses = [
        relative_pose.estimate_pose(
            *points, REFERENCE_CAMERA, QUERY_CAMERA, *estimator
        )
        for estimator in ((), ("magsac",))
    ]
    np.testing.assert_array_equal(poses[0][0], poses[1][0])


def test_ransac_keeps_the_best_of_the_solutions_for_five_matches():
    # The five-point algorithm has several solutions without a sixth match.
    points = [matches[5:10] for matches in _matches()]
    solutions, inliers = cv2.findEssentialMat(
        rays.to_rays(points[1], QUERY_CAMERA),
        rays.to_rays(points[0], REFERENCE_CAMERA),
        np.eye(3),
        method=cv2.RANSAC,
    )
    assert len(solutions) > 3
    pose = relative_pose.estimate_pose(
        *points, REFERENCE_CAMERA, QUERY_CAMERA, "ransac"
    )
    # All five matches are in front of both cameras.
    assert _num_in_front(pose, points) == 5


def _num_in_front(pose, points):
    query, reference = (
        np.column_stack([rays.to_rays(p, camera), np.ones(len(p))])
        for p, camera in zip(
            points[::-1], (QUERY_CAMERA, REFERENCE_CAMERA), strict=True
        )
    )
    # depth_reference * reference = depth_query * rotation query + translation
    depths = [
        np.linalg.lstsq(
            np.column_stack([r, -pose[0] @ q]), pose[1], rcond=None
        )[0]
        for q, r in zip(query, reference, strict=True)
    ]
    return np.count_nonzero(np.all(np.array(depths) > 0, axis=1))


def test_ransac_keeps_points_that_are_far_for_their_baseline():
    # The points are 1,000 baselines away and more: beyond the distance to
    # which OpenCV counts points by default, 50.
    pose = relative_pose.estimate_pose(
        *_matches(scale=1e-3), REFERENCE_CAMERA, QUERY_CAMERA, "ransac"
    )
    rotation_error, translation_error = relative_pose.pose_errors(pose, MOTION)
    assert rotation_error < 0.01 and translation_error < 1
    assert pose[1] @ MOTION[:3, 3] > 0


def test_estimators_are_checked():
    with pytest.raises(
        ValueError, match="`estimator` must be one of .*'lmeds'"
    ):
        relative_pose.estimate_pose(
            *_matches(), REFERENCE_CAMERA, QUERY_CAMERA, "lmeds"
        )


@pytest.mark.parametrize("estimator", ["magsac", "ransac"])
@pytest.mark.parametrize("number", [0, 4])
def test_too_few_matches_fail(number, estimator):
    pose = relative_pose.estimate_pose(
        *_matches(number), REFERENCE_CAMERA, QUERY_CAMERA, estimator
    )
    assert pose is None
    assert relative_pose.pose_errors(pose, MOTION) == (180, 90)


@pytest.mark.parametrize("estimator", ["magsac", "ransac"])
def test_matches_of_one_point_give_an_answer_or_none(estimator):
    same = np.full((20, 2), 100.0)
    pose = relative_pose.estimate_pose(
        same, same, REFERENCE_CAMERA, QUERY_CAMERA, estimator
    )
    errors = relative_pose.pose_errors(pose, MOTION)
    assert 0 <= errors[0] <= 180 and 0 <= errors[1] <= 90


def test_errors_are_angles():
    turn = cv2.Rodrigues(np.array([0, 0, np.radians(30)]))[0]
    pose = (turn @ ROTATION, -MOTION[:3, 3] / np.linalg.norm(MOTION[:3, 3]))
    errors = relative_pose.pose_errors(pose, MOTION)
    np.testing.assert_allclose(errors, (30, 0), atol=1e-4)


@pytest.mark.parametrize(
    ("errors", "area"),
    [([0, 0], 100), ([100, 100], 0), ([0, 100], 50), ([2.5, 2.5], 62.5)],
)
def test_area_under_the_recall_curve(errors, area):
    # Recall rises linearly between errors: [2.5, 2.5] gives 0 -> 0.5 -> 1
    # with the first piece up to 2.5, then 1 up to 5.
    assert relative_pose.pose_auc(errors, 5) == pytest.approx(area)


def test_area_is_that_of_a_drawn_curve():
    # Recall rises linearly from (0, 0) over each error, i of 40 at the i-th,
    # and stays up to the threshold from the last error below it.
    errors = np.random.default_rng(0).uniform(0, 30, 40)
    knots = np.sort(errors)
    x = np.linspace(0, 20, 200001)
    below = knots[knots < 20]
    curve = np.interp(x, [0, *below], np.arange(len(below) + 1) / 40)
    area = relative_pose.pose_auc(errors, 20)
    assert area == pytest.approx(100 * curve.mean(), abs=1e-3)


# Spec training.md, A.5: below 5 degrees 2 of 5, 10: 3, 15: 4, 20: 4.
PUBLISHED_ERRORS = [1, 4, 6, 12, 30]


@pytest.mark.parametrize(
    ("threshold", "acc", "mean"),
    [(5, 40, 40), (10, 60, 50), (15, 80, 60), (20, 80, 65)],
)
def test_average_precision_has_the_published_values(threshold, acc, mean):
    assert relative_pose.accuracy(PUBLISHED_ERRORS, threshold) == acc
    average = relative_pose.mean_average_precision(PUBLISHED_ERRORS, threshold)
    assert average == pytest.approx(mean, rel=1e-12)


def test_an_error_of_just_the_threshold_is_too_large_and_failures_count():
    errors = [4.999, 5.0, math.inf, max(relative_pose.FAILURE)]
    assert relative_pose.accuracy(errors, 5) == 25
    assert relative_pose.mean_average_precision(errors, 10) == (25 + 50) / 2


def test_no_pairs_have_no_accuracy():
    assert math.isnan(relative_pose.accuracy([], 5))
    assert math.isnan(relative_pose.mean_average_precision([], 10))


@pytest.mark.parametrize("threshold", [0, -5, 7])
def test_thresholds_of_average_precision_are_checked(threshold):
    with pytest.raises(ValueError, match="positive multiple of 5 degrees"):
        relative_pose.mean_average_precision(PUBLISHED_ERRORS, threshold)
