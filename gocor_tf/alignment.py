"""The mode "alignment": looking at a pair in the views that show it best.

A network knows the turns, zooms and sizes it was trained on. The pair is seen
as it is. Unless nearly all is sure then, glances, which cost little, look for
the view of what both images share: that of a homography of the sure matches
or, where few are sure, of votes of the network's features for a turn, zoom and
shift. The pair is seen in that view; images too large to be seen at once, in
parts of it. What is seen in detail is refined by an inverse search. Each pixel
takes its surest answer.
"""

import itertools
import math

import cv2
import numpy as np

from gocor_tf import passes, views, voting

# Shares of sure pixels: that needs no other view, that ends the search, that
# makes a view worth a look; and what the search may cost.
_FULL_SHARE = 0.9
_GOOD_SHARE = 0.5
_SOME_SHARE = 0.05
_NUM_ROUNDS = 2
_NUM_SIMILARITIES = 12
_MIN_MATCHES = 20
# Largest error of an inlier, in px of an image with a long side of 256 px:
# few scenes are planes.
_MAX_ERROR = 2.0
# Confidence below which pixels may follow a homography out of the query.
_UNSURE = 0.15
# How much of a tile its neighbour sees as well.
_TILE_OVERLAP = 0.2
_SPACING = 4
# Side of the box over which confidences are averaged.
_SMOOTHING = 9


def align(matching, reference, query):
    """Matches a pair.

    Args:
        matching: `passes.Matching`.
        reference: `(height, width, 3)` uint8 RGB.
        query: `(query_height, query_width, 3)` uint8 RGB.

    Returns:
        A `passes.Answer`.
    """
    pair = reference, query
    first = passes.look(matching, None, *pair)
    answers = [_answer(matching, first, *pair)]
    is_small = max(reference.shape) <= matching.seen_side
    if is_small and _shares(matching, [first])[0] >= _FULL_SHARE:
        return answers[0]
    start = passes.fit(matching, first, _MIN_MATCHES, _MAX_ERROR)[0]
    glances = list(_rounds(matching, start, *pair))
    if max(_shares(matching, [first, *glances])) < _GOOD_SHARE:
        glances += _search(matching, *pair)
    share, best = max(
        zip(_shares(matching, glances), glances, strict=True),
        key=lambda item: item[0],
        default=(0.0, None),
    )
    if share < _SOME_SHARE:
        return answers[0]
    sizes = reference.shape[:2], query.shape[:2]
    fitted = best.view.homography
    view = views.overlap_view(fitted, *sizes)
    answers.append(_see(matching, view, *pair))
    answers += _tiles(matching, answers, *pair)
    found = passes.surest(answers)
    if share < _GOOD_SHARE:
        return found
    return _extrapolate(found, fitted, sizes[1])


def _see(matching, view, reference, query):
    seen = passes.look(matching, view, reference, query)
    return _answer(matching, seen, reference, query)


def _answer(matching, seen, reference, query):
    seen = passes.refine(matching, seen, reference, query)
    return passes.answer(matching, seen, reference, query)


def _shares(matching, looks):
    """Returns the share of each view that is matched surely."""
    return [
        (matching.trust.confidence(seen.trust) >= matching.trust.sure).mean()
        for seen in looks
    ]


def _rounds(matching, start, reference, query):
    """Yields glances in the views of a homography that each one improves."""
    fitted = start
    for _ in range(_NUM_ROUNDS):
        view = fitted is not None and views.overlap_view(
            fitted, reference.shape[:2], query.shape[:2]
        )
        if not view:
            return
        seen = passes.glance(matching, view, reference, query)
        yield seen
        fitted = passes.fit(matching, seen, _MIN_MATCHES, _MAX_ERROR)[0]


def _search(matching, reference, query):
    """Yields glances in views that features vote for, until one is good."""
    found = voting.find_similarities(matching.coarse_features, reference, query)
    for similarity in found[:_NUM_SIMILARITIES]:
        share = 0.0
        for seen in _rounds(matching, similarity.homography, reference, query):
            yield seen
            share = max(share, *_shares(matching, [seen]))
        if share >= _GOOD_SHARE:
            return


def _tiles(matching, answers, reference, query):
    """Yields answers about parts of the reference, each seen larger.

    The homography of a part is that of the surest answers so far.
    """
    found = passes.surest(answers)
    size = reference.shape[:2]
    for box in _boxes(size, matching.seen_side):
        points = views.pixel_grid(size)[box][1::_SPACING, 1::_SPACING]
        fitted, _ = passes.fit_points(
            matching,
            points.reshape(-1, 2),
            found.flow,
            found.sharpness,
            _MIN_MATCHES,
            _MAX_ERROR,
        )
        view = fitted is not None and views.overlap_view(
            fitted, size, query.shape[:2], box
        )
        if view:
            yield _see(matching, view, reference, query)


def _boxes(size, side):
    """Returns slices of rows and columns, of tiles that cover an image.

    None if the image is no larger than one tile.
    """
    if max(size) <= side:
        return []
    return list(itertools.product(*(_intervals(n, side) for n in size)))


def _intervals(length, longest):
    number = (
        math.ceil(
            max(length / longest - _TILE_OVERLAP, 0) / (1 - _TILE_OVERLAP)
        )
        or 1
    )
    step = length / (number + _TILE_OVERLAP / (1 - _TILE_OVERLAP))
    side = step / (1 - _TILE_OVERLAP)
    return [
        slice(round(i * step), round(i * step + side)) for i in range(number)
    ]


def _extrapolate(found, fitted, query_size):
    """Lets unsure pixels leave the query where the homography says so."""
    grid = views.pixel_grid(found.confidence.shape)
    matches = views.map_points(fitted, grid)
    outside = ~views.is_inside(matches, query_size)
    smoothed = cv2.blur(found.confidence, (_SMOOTHING, _SMOOTHING))
    outside &= smoothed < _UNSURE
    flow, confidence = found.flow.copy(), found.confidence.copy()
    flow[outside] = (matches - grid)[outside]
    confidence[outside] = 0
    return passes.Answer(
        flow, confidence, found.sharpness, np.ones_like(outside)
    )
