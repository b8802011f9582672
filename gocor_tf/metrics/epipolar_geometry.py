"""Share of matches that obey the epipolar geometry of two cameras."""

import numpy as np

from gocor_tf.metrics import rays

# Spec training.md, 6.5.
_THRESHOLD = 5e-4


def epipolar_errors(
    reference_points, query_points, reference_camera, query_camera, motion
):
    """Returns the symmetric epipolar error of each match.

    It is the sum of the squared distances between each point and the epipolar
    line of the other, in the image planes at focal length 1.

    Args:
        reference_points: `(number, 2)` xy in reference px.
        query_points: `(number, 2)`, their matches in query px.
        reference_camera: `(3, 3)` camera matrix.
        query_camera: `(3, 3)` camera matrix.
        motion: `(4, 4)` from query to reference coordinates.

    Returns:
        `(number,)` float64 without unit; NaN if the cameras share a centre.
    """
    rotation, (x, y, z) = motion[:3, :3], motion[:3, 3]
    matrix = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ rotation
    query_rays = _to_homogeneous(query_points, query_camera)
    reference_rays = _to_homogeneous(reference_points, reference_camera)
    reference_lines = query_rays @ matrix.T
    query_lines = reference_rays @ matrix
    residual = np.sum(reference_rays * reference_lines, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = [
            1 / np.sum(lines[:, :2] ** 2, axis=1)
            for lines in (reference_lines, query_lines)
        ]
        return residual**2 * (weights[0] + weights[1])


def epipolar_precision(errors, threshold=_THRESHOLD):
    """Returns the percentage of matches below an epipolar error.

    Args:
        errors: what `epipolar_errors` returned; NaN counts as wrong.
        threshold: without unit.

    Returns:
        Precision in percent; NaN if there are no matches.
    """
    errors = np.asarray(errors, np.float64)
    if not errors.size:
        return float("nan")
    return 100.0 * float(np.mean(errors < threshold))


def _to_homogeneous(points, camera):
    positions = rays.to_rays(points, camera)
    return np.concatenate([positions, np.ones((len(positions), 1))], axis=1)
