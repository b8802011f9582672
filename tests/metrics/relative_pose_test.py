import cv2
import numpy as np
import pytest

from gocor_tf.metrics import relative_pose

REFERENCE_CAMERA = np.array([[500.0, 0, 300], [0, 510, 200], [0, 0, 1]])
QUERY_CAMERA = np.array([[700.0, 0, 350], [0, 690, 260], [0, 0, 1]])
ROTATION = cv2.Rodrigues(np.array([0.05, -0.2, 0.1]))[0]
MOTION = np.eye(4)
MOTION[:3, :3] = ROTATION
MOTION[:3, 3] = (2.0, 0.4, -0.3)


def _project(points, camera):
    pixels = points @ camera.T
    return pixels[:, :2] / pixels[:, 2:]


def _matches(number=300, outliers=0):
    rng = np.random.default_rng(0)
    points = rng.uniform((-3, -2, 6), (3, 2, 12), (number, 3))
    reference = _project(points @ ROTATION.T + MOTION[:3, 3], REFERENCE_CAMERA)
    query = _project(points, QUERY_CAMERA)
    query[:outliers] = rng.uniform(0, 500, (outliers, 2))
    return reference, query


@pytest.mark.parametrize("outliers", [0, 100])
def test_pose_of_a_rigid_scene_is_found(outliers):
    pose = relative_pose.estimate_pose(
        *_matches(outliers=outliers), REFERENCE_CAMERA, QUERY_CAMERA
    )
    rotation_error, translation_error = relative_pose.pose_errors(pose, MOTION)
    assert rotation_error < 0.1 and translation_error < 0.5
    # The sign of the translation is right as well.
    assert pose[1] @ MOTION[:3, 3] > 0


@pytest.mark.parametrize("number", [0, 4])
def test_too_few_matches_fail(number):
    points = _matches(number)
    pose = relative_pose.estimate_pose(*points, REFERENCE_CAMERA, QUERY_CAMERA)
    assert pose is None
    assert relative_pose.pose_errors(pose, MOTION) == (180, 90)


def test_matches_of_one_point_give_an_answer_or_none():
    same = np.full((20, 2), 100.0)
    pose = relative_pose.estimate_pose(
        same, same, REFERENCE_CAMERA, QUERY_CAMERA
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
