"""Matching a pair in several passes, each in a better view of it.

"homography" and "multi_scale" are PDC-Net's modes (spec models.md, 9.4), for
any network. These slips of the published code are put right: the modes work
without a GPU; the multi-scale score is the share of inliers, and its RANSAC
uses the threshold that was set; each pixel has the confidence of the pass that
its flow comes from. "alignment" is this project's own.
"""

import dataclasses
import itertools
from collections.abc import Callable

import cv2
import numpy as np

from gocor_tf import homography, views, voting

MODES = ("direct", "homography", "multi_scale", "alignment")
SCALES = (0.5, 0.6, 0.88, 1.33, 1.66, 2.0)
# 9.4: share of inliers that the best scale must reach, and numbers of matches,
# four pixels apart, that a homography needs.
_MIN_INLIERS = 0.002
_SPACING = 4
_MIN_MATCHES = {"homography": 200, "multi_scale": 70, "alignment": 20}
# "alignment": a confidence that counts as sure, the share of sure pixels that
# ends the search, and what the search may cost.
_SURE = 0.3
_GOOD_SHARE = 0.3
_NUM_ROUNDS = 2
_NUM_SIMILARITIES = 6
# Tiles along each side, and how much of one its neighbour sees as well.
_NUM_TILES = 3
_TILE_OVERLAP = 0.2
# Side of the box over which confidences are averaged before they compete.
_SMOOTHING = 9


@dataclasses.dataclass(frozen=True)
class Matching:
    """What the passes over a pair need.

    Attributes:
        run: function of two uint8 images, `(height, width, 3)`, that returns
            the flow between them and its confidence, as NumPy arrays.
        coarse_features: see `voting.find_similarities`.
        min_confidence: of the matches that a homography is fitted to.
        threshold: largest error of an inlier, in px of an image with a long
            side of 256 px; it grows with the image.
        is_relative: whether the confidence `1 / (1 + e)` comes from an error
            `e` in fractions of the view, so that it has to be converted to
            fractions of the reference.
    """

    run: Callable
    coarse_features: Callable
    min_confidence: float
    threshold: float
    is_relative: bool


@dataclasses.dataclass(frozen=True)
class _Pass:
    """One run of the network: its answer in the view and on the pair."""

    view: views.View
    seen_flow: np.ndarray
    seen_confidence: np.ndarray
    flow: np.ndarray
    confidence: np.ndarray
    known: np.ndarray

    @property
    def share(self):
        """Share of the view that is matched surely."""
        return (self.seen_confidence >= _SURE).mean()


def match(matching, mode, reference, query):
    """Matches a pair.

    Args:
        matching: `Matching`.
        mode: "direct": one pass. "homography": a second one, of the query as
            the homography of the first pass's matches shows it. "multi_scale":
            the same, the homography being the best of seven scales.
            "alignment": views of what both images share, found by homography
            or, where that fails, by votes for a turn, zoom and shift; then
            nine tiles of it; each pixel takes the surest answer.
        reference: `(height, width, 3)` uint8 RGB.
        query: `(query_height, query_width, 3)` uint8 RGB.

    Returns:
        The flow, `(height, width, 2)` float32 in px of the query, and its
        confidence, `(height, width)`.
    """
    first = _run(matching, None, reference, query)
    if mode == "alignment":
        return _align(matching, first, reference, query)
    if mode == "homography":
        fitted = _fit(matching, first, _MIN_MATCHES[mode])[0]
    elif mode == "multi_scale":
        fitted = _best_scale(matching, first, reference, query)
    if mode == "direct" or fitted is None:
        return first.flow, first.confidence
    view = views.View(np.eye(3), np.linalg.inv(fitted), reference.shape[:2])
    return _join(first, _run(matching, view, reference, query))


def _run(matching, view, reference, query):
    """Runs the network in a view; None is the pair as it is."""
    sizes = reference.shape[:2], query.shape[:2]
    if view is None:
        flow, confidence = matching.run(reference, query)
        view = views.View(np.eye(3), np.eye(3), sizes[0])
        known = np.ones(sizes[0], bool)
        return _Pass(view, flow, confidence, flow, confidence, known)
    flow, seen_confidence = matching.run(*view.show(reference, query))
    confidence = seen_confidence
    if matching.is_relative:
        ratio = view.share_of_reference(sizes[0])
        confidence = confidence / (confidence + (1 - confidence) * ratio)
    back = view.bring_back(flow, confidence, *sizes)
    return _Pass(view, flow, seen_confidence, *back)


def _fit(matching, answer, min_matches):
    """Fits a homography between the originals to what a pass has seen.

    Returns:
        The homography and the share of the view that agrees with it, or None
        and 0.
    """
    size = answer.seen_confidence.shape
    grid = views.pixel_grid(size)[_SPACING // 2 :: _SPACING, 1::_SPACING]
    points = grid.reshape(-1, 2)
    seen, inliers = _fit_points(
        matching,
        points,
        answer.seen_flow,
        answer.seen_confidence,
        min_matches,
    )
    if seen is None:
        return None, 0.0
    view = answer.view
    fitted = np.linalg.inv(view.query_to_frame) @ seen @ view.reference_to_frame
    return fitted, inliers.sum() / len(points)


def _fit_points(matching, points, flow, confidence, min_matches):
    """Fits a homography to those of some pixels that are matched surely.

    Returns:
        As `homography.fit`.
    """
    x, y = points.T
    sure = confidence[y, x] >= matching.min_confidence
    return homography.fit(
        points[sure],
        (points + flow[y, x])[sure],
        matching.threshold * max(confidence.shape) / 256,
        min_matches,
    )


def _best_scale(matching, first, reference, query):
    """Returns the homography with most inliers over all scales (9.4, MS)."""
    minimum = _MIN_MATCHES["multi_scale"]
    best, score = _fit(matching, first, minimum)
    size = reference.shape[:2]
    stretch = views.scaling(query.shape[:2], size)
    for scale in SCALES:
        shrink = np.diag([min(scale, 1 / scale)] * 2 + [1])
        if scale < 1:
            view = views.View(shrink, stretch, size)
        else:
            view = views.View(np.eye(3), shrink @ stretch, size)
        answer = _run(matching, view, reference, query)
        fitted, share = _fit(matching, answer, minimum)
        # A shrunk reference fills but a part of the frame.
        share /= min(scale, 1) ** 2
        if share > score:
            best, score = fitted, share
    return best if score > _MIN_INLIERS else None


def _join(first, second):
    """Takes the second pass where it knows an answer, else the first."""
    known = second.known
    flow = np.where(known[..., None], second.flow, first.flow)
    return flow, np.where(known, second.confidence, first.confidence)


def _align(matching, first, reference, query):
    """Looks for views that the network matches surely; joins their answers."""
    passes = [first]
    start = _fit(matching, first, _MIN_MATCHES["alignment"])[0]
    passes += _rounds(matching, start, reference, query)
    if max(answer.share for answer in passes) < _GOOD_SHARE:
        passes += _search(matching, reference, query)
    best = max(passes, key=lambda answer: answer.share)
    if best.share < _GOOD_SHARE:
        return _surest(passes)
    passes += _tiles(matching, passes, reference, query)
    return _extrapolate(
        *_surest(passes),
        best.view.homography,
        query.shape[:2],
        matching.min_confidence,
    )


def _search(matching, reference, query):
    """Yields passes in the views that features vote for, until one is good."""
    found = voting.find_similarities(matching.coarse_features, reference, query)
    for similarity in found[:_NUM_SIMILARITIES]:
        share = 0.0
        for answer in _rounds(
            matching, similarity.homography, reference, query
        ):
            yield answer
            share = max(share, answer.share)
        if share >= _GOOD_SHARE:
            return


def _tiles(matching, passes, reference, query):
    """Yields passes over parts of the reference, each seen larger.

    The homography of a part is that of the surest answers so far.
    """
    flow, confidence = _surest(passes)
    size = reference.shape[:2]
    for box in _boxes(size):
        points = views.pixel_grid(size)[box][1::_SPACING, 1::_SPACING]
        fitted, _ = _fit_points(
            matching,
            points.reshape(-1, 2),
            flow,
            confidence,
            _MIN_MATCHES["alignment"],
        )
        view = fitted is not None and views.overlap_view(
            fitted, size, query.shape[:2], box
        )
        if view:
            yield _run(matching, view, reference, query)


def _extrapolate(flow, confidence, fitted, query_size, min_confidence):
    """Lets unsure pixels leave the query where the homography says so."""
    grid = views.pixel_grid(confidence.shape)
    matches = views.map_points(fitted, grid)
    outside = ~views.is_inside(matches, query_size)
    outside &= cv2.blur(confidence, (_SMOOTHING,) * 2) < min_confidence
    flow[outside] = (matches - grid)[outside]
    confidence[outside] = 0
    return flow, confidence


def _boxes(size):
    """Returns slices of rows and columns, of tiles that cover an image."""
    return list(itertools.product(*map(_intervals, size)))


def _intervals(length):
    step = length / (_NUM_TILES + _TILE_OVERLAP / (1 - _TILE_OVERLAP))
    side = step / (1 - _TILE_OVERLAP)
    return [
        slice(round(i * step), round(i * step + side))
        for i in range(_NUM_TILES)
    ]


def _rounds(matching, start, reference, query):
    """Yields passes in the views of a homography that each one improves."""
    fitted = start
    for _ in range(_NUM_ROUNDS):
        view = fitted is not None and views.overlap_view(
            fitted, reference.shape[:2], query.shape[:2]
        )
        if not view:
            return
        answer = _run(matching, view, reference, query)
        yield answer
        fitted = _fit(matching, answer, _MIN_MATCHES["alignment"])[0]


def _surest(passes):
    """Takes each pixel from the pass that is surest around it."""
    flow, confidence = passes[0].flow.copy(), passes[0].confidence.copy()
    highest = cv2.blur(confidence, (_SMOOTHING, _SMOOTHING))
    for answer in passes[1:]:
        smoothed = cv2.blur(answer.confidence, (_SMOOTHING, _SMOOTHING))
        better = answer.known & (smoothed > highest)
        flow[better] = answer.flow[better]
        confidence[better] = answer.confidence[better]
        highest[better] = smoothed[better]
    return flow, confidence
