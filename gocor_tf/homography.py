"""The homography that the matches of a pair agree on.

PDC-Net's homography mode (spec models.md, 9.4). Homographies map reference
pixels to query pixels here, as flows do; the published code inverts one that
maps the other way.
"""

import cv2
import numpy as np

_MAX_ITERATIONS = 3000
_CONFIDENCE = 0.995
_MIN_COLUMN_NORM, _MAX_COLUMN_NORM = 1e-3, 1e2


def fit(reference_points, query_points, threshold, min_matches):
    """Fits a homography to matches, by RANSAC.

    Args:
        reference_points: `(number, 2)` xy, in px.
        query_points: `(number, 2)` xy, in px.
        threshold: largest distance of an inlier, in px of the reference.
        min_matches: there must be more matches than this.

    Returns:
        The `(3, 3)` homography from reference to query, and which matches are
        its inliers, `(number,)` bool. None and None if there are too few
        matches, or if it mirrors the image or scales it beyond 1000 times.
    """
    if len(reference_points) <= max(min_matches, 4):
        return None, None
    homography, inliers = cv2.findHomography(
        np.asarray(query_points, np.float64),
        np.asarray(reference_points, np.float64),
        cv2.RANSAC,
        threshold,
        maxIters=_MAX_ITERATIONS,
        confidence=_CONFIDENCE,
    )
    if homography is None or not _is_plausible(homography):
        return None, None
    return np.linalg.inv(homography), inliers[:, 0].astype(bool)


def _is_plausible(homography):
    if abs(homography[2, 2]) < 1e-12 or abs(np.linalg.det(homography)) < 1e-12:
        return False
    linear = homography[:2, :2] / homography[2, 2]
    norms = np.linalg.norm(linear, axis=0)
    return bool(
        np.linalg.det(linear) >= 0
        and norms.min() >= _MIN_COLUMN_NORM
        and norms.max() <= _MAX_COLUMN_NORM
    )
