"""OpenCV's own matchers, to compare a network with.

Each takes `(height, width, 3)` uint8 RGB images, reference first, and returns
an `Estimate`. The query is cropped or zero-padded to the reference's size at
the bottom and right.
"""

import cv2
import numpy as np

from gocor_tf.match import Match
from gocor_tf.ops import consistency

from .estimate import Estimate

_SIFT_FEATURES = 4000
_SIFT_RATIO = 0.8
_RANSAC_PIXELS = 3.0


def match_zero(reference, query):
    """Says that nothing moves; what every matcher should beat."""
    del query
    flow = np.zeros((*reference.shape[:2], 2), np.float32)
    return Estimate(flow, _no_keypoints)


def match_dis(reference, query):
    """Runs dense inverse search with the medium preset."""
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return _match_densely(
        lambda *images: search.calc(*images, None), reference, query
    )


def match_farneback(reference, query):
    """Runs Farneback's polynomial expansion."""
    return _match_densely(
        lambda *images: cv2.calcOpticalFlowFarneback(
            *images, None, 0.5, 5, 15, 3, 5, 1.2, 0
        ),
        reference,
        query,
    )


def match_sift(reference, query):
    """Fits one homography to SIFT matches; its flow is zero if that fails."""
    points = _match_features(*_to_grey(reference, query))
    matrix = None
    if len(points[0]) >= 4:
        matrix, _ = cv2.findHomography(*points, cv2.RANSAC, _RANSAC_PIXELS)
    if matrix is None:
        return Estimate(match_zero(reference, query).flow, lambda: points)
    y, x = np.mgrid[: reference.shape[0], : reference.shape[1]]
    grid = np.stack([x, y], axis=-1).astype(np.float64)
    position = cv2.perspectiveTransform(grid.reshape(1, -1, 2), matrix)
    flow = (position.reshape(grid.shape) - grid).astype(np.float32)
    return Estimate(flow, lambda: points)


BASELINES = {
    "zero": match_zero,
    "dis": match_dis,
    "farneback": match_farneback,
    "sift": match_sift,
}


def _match_densely(find_flow, reference, query):
    images = _to_grey(reference, query)
    flow = find_flow(*images)

    def find_keypoints():
        confidence = consistency.forward_backward_confidence(
            flow[None], find_flow(*images[::-1])[None]
        )
        match = Match(reference, query, flow, np.asarray(confidence)[0])
        return match.keypoints(max_number=None)[:2]

    return Estimate(flow, find_keypoints)


def _match_features(reference, query):
    """Returns SIFT matches that pass the ratio test, reference first."""
    sift = cv2.SIFT_create(_SIFT_FEATURES)
    reference_keypoints, reference_features = sift.detectAndCompute(
        reference, None
    )
    query_keypoints, query_features = sift.detectAndCompute(query, None)
    if len(reference_keypoints) == 0 or len(query_keypoints) < 2:
        return _no_keypoints()
    nearest = cv2.BFMatcher().knnMatch(reference_features, query_features, k=2)
    kept = [
        best
        for best, second in nearest
        if best.distance < _SIFT_RATIO * second.distance
    ]
    pairs = [
        [reference_keypoints[m.queryIdx].pt, query_keypoints[m.trainIdx].pt]
        for m in kept
    ]
    points = np.array(pairs, np.float32).reshape(-1, 2, 2)
    return points[:, 0], points[:, 1]


def _no_keypoints():
    return np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)


def _to_grey(reference, query):
    """Returns grey images, the query cut or padded to the reference's size."""
    height, width = reference.shape[:2]
    query = query[:height, :width]
    missing = height - query.shape[0], width - query.shape[1]
    query = np.pad(query, ((0, missing[0]), (0, missing[1]), (0, 0)))
    return [
        cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (reference, query)
    ]
