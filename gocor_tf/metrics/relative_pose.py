"""Relative pose of two calibrated cameras from matches, and its error."""

import cv2
import numpy as np

# Spec training.md, 6.5.
_CONFIDENCE = 0.99999
_THRESHOLD_PIXELS = 1.0
_MAX_ITERATIONS = 10000
_MIN_MATCHES = 5
FAILURE = (180.0, 90.0)


def estimate_pose(
    reference_points, query_points, reference_camera, query_camera
):
    """Estimates how the reference camera sees what the query camera sees.

    OpenCV's USAC with MAGSAC scores finds the essential matrix.

    Args:
        reference_points: `(number, 2)` xy in reference px.
        query_points: `(number, 2)`, their matches in query px.
        reference_camera: `(3, 3)` camera matrix.
        query_camera: `(3, 3)` camera matrix.

    Returns:
        `(rotation, translation)`, `(3, 3)` and unit `(3,)`, from query to
        reference coordinates; None if the matches do not determine them.
    """
    if len(reference_points) < _MIN_MATCHES:
        return None
    query_rays = _to_rays(query_points, query_camera)
    reference_rays = _to_rays(reference_points, reference_camera)
    focal_lengths = [
        c[i, i] for c in (reference_camera, query_camera) for i in (0, 1)
    ]
    matrix, inliers = cv2.findEssentialMat(
        query_rays,
        reference_rays,
        np.eye(3),
        cv2.USAC_MAGSAC,
        _CONFIDENCE,
        _THRESHOLD_PIXELS / float(np.mean(focal_lengths)),
        _MAX_ITERATIONS,
    )
    if matrix is None or matrix.shape != (3, 3):
        return None
    _, rotation, translation, _ = cv2.recoverPose(
        matrix, query_rays, reference_rays, np.eye(3), mask=inliers
    )
    return rotation, translation[:, 0]


def pose_errors(pose, motion):
    """Compares an estimated pose with the true motion.

    Args:
        pose: what `estimate_pose` returned.
        motion: `(4, 4)` from query to reference coordinates.

    Returns:
        Rotation and translation error in degrees. The sign of the translation
        is left open, as is usual, so its error is at most 90. A failed
        estimate counts as `FAILURE`, the worst there is.
    """
    if pose is None:
        return FAILURE
    rotation, translation = pose
    cosine = (np.trace(rotation.T @ motion[:3, :3]) - 1) / 2
    rotation_error = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    truth = motion[:3, 3]
    cosine = abs(translation @ truth) / np.linalg.norm(truth)
    translation_error = np.degrees(np.arccos(np.clip(cosine, 0, 1)))
    return float(rotation_error), float(translation_error)


def pose_auc(errors, threshold):
    """Returns the area under the recall curve up to a threshold.

    Args:
        errors: the larger of rotation and translation error of each pair, in
            degrees.
        threshold: in degrees.

    Returns:
        Area in percent: 100 if every error is 0.
    """
    errors = np.sort(np.asarray(errors, np.float64))
    below = errors[errors < threshold]
    recall = np.arange(len(below) + 1) / len(errors)
    x = np.concatenate([[0.0], below, [threshold]])
    y = np.concatenate([recall, recall[-1:]])
    return float(100 * np.trapezoid(y, x) / threshold)


def _to_rays(points, camera):
    points = np.asarray(points, np.float64).reshape(-1, 1, 2)
    return cv2.undistortPoints(points, camera, None).reshape(-1, 2)
