"""Relative pose of two calibrated cameras from matches, and its error."""

import cv2
import numpy as np

from gocor_tf.metrics import rays

# Spec training.md, 6.5.
_CONFIDENCE = 0.99999
_THRESHOLD_PIXELS = 1.0
_MAX_ITERATIONS = 10000
_MIN_MATCHES = 5
_FAR = 1e9
_STEP = 5
FAILURE = (180.0, 90.0)


def estimate_pose(
    reference_points,
    query_points,
    reference_camera,
    query_camera,
    estimator="magsac",
):
    """Estimates how the reference camera sees what the query camera sees.

    Args:
        reference_points: `(number, 2)` xy in reference px.
        query_points: `(number, 2)`, their matches in query px.
        reference_camera: `(3, 3)` camera matrix.
        query_camera: `(3, 3)` camera matrix.
        estimator: of the essential matrix: "magsac", OpenCV's USAC with MAGSAC
            scores, or "ransac", the published protocol (spec training.md,
            6.5).

    Returns:
        `(rotation, translation)`, `(3, 3)` and unit `(3,)`, from query to
        reference coordinates; None if the matches do not determine them.

    Raises:
        ValueError: if there is no such estimator.
    """
    if estimator not in ESTIMATORS:
        raise ValueError(
            f"`estimator` must be one of {tuple(ESTIMATORS)}. "
            f"Received: estimator={estimator!r}"
        )
    if len(reference_points) < _MIN_MATCHES:
        return None
    focal_lengths = [
        c[i, i] for c in (reference_camera, query_camera) for i in (0, 1)
    ]
    return ESTIMATORS[estimator](
        rays.to_rays(query_points, query_camera),
        rays.to_rays(reference_points, reference_camera),
        _THRESHOLD_PIXELS / float(np.mean(focal_lengths)),
    )


def _find_by_magsac(query_rays, reference_rays, threshold):
    matrix, inliers = cv2.findEssentialMat(
        query_rays,
        reference_rays,
        np.eye(3),
        cv2.USAC_MAGSAC,
        _CONFIDENCE,
        threshold,
        _MAX_ITERATIONS,
    )
    if matrix is None or matrix.shape != (3, 3):
        return None
    _, rotation, translation, _ = cv2.recoverPose(
        matrix, query_rays, reference_rays, np.eye(3), mask=inliers
    )
    return rotation, translation[:, 0]


def _find_by_ransac(query_rays, reference_rays, threshold):
    """Tries every solution that OpenCV stacks, and keeps the best."""
    matrices, inliers = cv2.findEssentialMat(
        query_rays,
        reference_rays,
        np.eye(3),
        method=cv2.RANSAC,
        prob=_CONFIDENCE,
        threshold=threshold,
    )
    best, most_inliers = None, 0
    for matrix in () if matrices is None else matrices.reshape(-1, 3, 3):
        # By name: a fifth positional number would be taken for the rotation.
        # The mask is a copy, because OpenCV clears it behind the cameras.
        num_inliers, rotation, translation, *_ = cv2.recoverPose(
            matrix,
            query_rays,
            reference_rays,
            np.eye(3),
            distanceThresh=_FAR,
            mask=inliers.copy(),
        )
        if num_inliers > most_inliers:
            best, most_inliers = (rotation, translation[:, 0]), num_inliers
    return best


ESTIMATORS = {"magsac": _find_by_magsac, "ransac": _find_by_ransac}


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


def accuracy(errors, threshold):
    """Returns the percentage of pairs below a pose error.

    Args:
        errors: the larger of rotation and translation error of each pair, in
            degrees.
        threshold: in degrees; an error of just that much is too large.

    Returns:
        Acc in percent; NaN if there are no pairs.
    """
    errors = np.asarray(errors, np.float64)
    if not errors.size:
        return float("nan")
    return 100.0 * float(np.mean(errors < threshold))


def mean_average_precision(errors, threshold):
    """Returns the mean of the accuracies at 5, 10 ... degrees.

    Args:
        errors: the larger of rotation and translation error of each pair, in
            degrees.
        threshold: the last of the accuracies' thresholds, in degrees.

    Returns:
        mAP in percent (spec training.md, 6.5); NaN if there are no pairs.

    Raises:
        ValueError: unless the threshold is 5 degrees or a multiple.
    """
    if threshold < _STEP or threshold % _STEP:
        raise ValueError(
            f"`threshold` must be a positive multiple of {_STEP} degrees. "
            f"Received: threshold={threshold}"
        )
    thresholds = np.arange(_STEP, threshold + 1, _STEP)
    return float(np.mean([accuracy(errors, each) for each in thresholds]))
