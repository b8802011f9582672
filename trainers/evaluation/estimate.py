"""What a matcher under evaluation answers for one pair."""

import typing

import cv2
import numpy as np

# Spec training.md, 6.5: of the reference's size, and what counts as sure.
_SPACING = 4
_MIN_CONFIDENCE = 0.1


class Estimate(typing.NamedTuple):
    """Flow, keypoints and, of some matchers, confidence.

    Attributes:
        flow: `(height, width, 2)` float32 on the reference grid, in px.
        find_keypoints: function without arguments that returns reference and
            query points, `(number, 2)` xy each, for estimating a pose; None:
            they are read off the flow, see `published_matches`.
        confidence: `(height, width)` in [0, 1], or None.
    """

    flow: typing.Any
    find_keypoints: typing.Any = None
    confidence: typing.Any = None


def published_matches(estimate, query_size):
    """Reads matches off a flow as the published protocol does (spec 6.5).

    Args:
        estimate: `Estimate`.
        query_size: `(height, width)`.

    Returns:
        Reference and query points, `(number, 2)` xy each: every pixel of the
        flow at a quarter of its size whose match lies in the query and, if
        there is a confidence, has at least 0.1.
    """
    height, width = np.shape(estimate.flow)[:2]
    size = max(1, height // _SPACING), max(1, width // _SPACING)
    flow = _shrink(estimate.flow, size)
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    scale = np.array([width, height]) / size[::-1]
    points = np.stack([x, y], axis=-1) * scale - 0.5
    matches = points + flow
    limits = np.array(query_size[::-1]) - 1
    kept = ((matches >= 0) & (matches <= limits)).all(-1)
    if estimate.confidence is not None:
        kept &= _shrink(estimate.confidence, size) >= _MIN_CONFIDENCE
    return points[kept], matches[kept]


def _shrink(values, size):
    return cv2.resize(np.asarray(values, np.float32), size[::-1])
