import math

import cv2
import numpy as np

from gocor_tf.metrics import epipolar_geometry

CAMERA = np.array([[500.0, 0, 300], [0, 510, 200], [0, 0, 1]])


def _motion(rotation, translation):
    motion = np.eye(4)
    motion[:3, :3] = cv2.Rodrigues(np.array(rotation, float))[0]
    motion[:3, 3] = translation
    return motion


def test_a_camera_that_moves_sideways_has_level_epipolar_lines():
    # Both lines are level, so each distance is that of the y: 0.01 and 0.02,
    # squared and doubled 2e-4 and 8e-4. Only the first is below 5e-4.
    reference = np.array([[3.0, 0.01], [-1.0, 0.02]])
    query = np.array([[0.5, 0.0], [0.7, 0.0]])
    errors = epipolar_geometry.epipolar_errors(
        reference, query, np.eye(3), np.eye(3), _motion((0, 0, 0), (2, 0, 0))
    )
    np.testing.assert_allclose(errors, [2e-4, 8e-4], rtol=1e-9)
    assert epipolar_geometry.epipolar_precision(errors) == 50


def test_errors_are_the_distances_to_the_lines_that_opencv_draws():
    rng = np.random.default_rng(0)
    motion = _motion((0.05, -0.2, 0.1), (2.0, 0.4, -0.3))
    query, reference = rng.uniform(0, 400, (2, 50, 2))
    errors = epipolar_geometry.epipolar_errors(
        reference, query, CAMERA, CAMERA, motion
    )
    x, y, z = motion[:3, 3]
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    inverse = np.linalg.inv(CAMERA)
    expected = 0
    matrix = cross @ motion[:3, :3]
    for index, points, others in ((1, query, reference), (2, reference, query)):
        points, others = (
            np.column_stack([p, np.ones(50)]) @ inverse.T
            for p in (points, others)
        )
        # OpenCV scales a line (a, b, c) to a^2 + b^2 = 1.
        lines = cv2.computeCorrespondEpilines(points[:, :2], index, matrix)
        expected = expected + np.sum(lines[:, 0] * others, axis=1) ** 2
    np.testing.assert_allclose(errors, expected, rtol=1e-6)


def test_matches_of_a_rigid_scene_have_no_error_at_any_scale():
    rng = np.random.default_rng(0)
    motion = _motion((0.05, -0.2, 0.1), (2.0, 0.4, -0.3))
    points = rng.uniform((-3, -2, 6), (3, 2, 12), (40, 3))
    moved = points @ motion[:3, :3].T + motion[:3, 3]
    query, reference = (
        (p / p[:, 2:] @ CAMERA.T)[:, :2] for p in (points, moved)
    )
    motion[:3, 3] *= 7
    errors = epipolar_geometry.epipolar_errors(
        reference, query, CAMERA, CAMERA, motion
    )
    np.testing.assert_allclose(errors, 0, atol=1e-20)


def test_cameras_at_one_place_have_no_epipolar_lines():
    errors = epipolar_geometry.epipolar_errors(
        np.ones((3, 2)), np.ones((3, 2)), CAMERA, CAMERA, np.eye(4)
    )
    assert np.isnan(errors).all()
    assert epipolar_geometry.epipolar_precision(errors) == 0


def test_no_matches_have_no_precision():
    nothing = np.zeros((0, 2))
    errors = epipolar_geometry.epipolar_errors(
        nothing, nothing, CAMERA, CAMERA, _motion((0, 0, 0), (1, 0, 0))
    )
    assert math.isnan(epipolar_geometry.epipolar_precision(errors))
