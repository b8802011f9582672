"""Looking again, from near, where little of a pair is sure.

One view shows a pair well where one homography relates it. A car that comes
near, or the second face of a house, follows another: seen alone and large, its
features vote for a turn, zoom and shift of their own.
"""

import cv2
import numpy as np

from gocor_tf import passes, view_search, views, voting
from gocor_tf.bands import bands

# Windows that are looked at, at most, and their side as a fraction of the
# reference's short one; smaller ones show the network nothing.
_NUM_WINDOWS = 3
_WINDOW = 0.5
_MIN_SIDE = 32
# Share of a window that must be unsure.
_UNSURE_SHARE = 0.5
# How much larger than in the reference a thing may be in the query.
_ZOOMS = tuple(2 ** (k / 2) for k in range(-2, 3))
# What a search may cost, and the share of sure pixels that makes its best view
# worth a look; the look goes beyond the window by this fraction of its side.
_NUM_SIMILARITIES = 3
_NUM_ROUNDS = 3
_SOME_SHARE = 0.2
_MARGIN = 0.75


def add(matching, see, found, fitted, pair):
    """Adds what closer looks find.

    Args:
        matching: `passes.Matching`.
        see: function of a matching, a view of a pair and its two images that
            returns a `passes.Answer`.
        found: `passes.Answer` about the pair.
        fitted: `(3, 3)` homography from reference to query: what it leads out
            of the query is not looked for. None: nothing is known of that.
        pair: reference and query, `(height, width, 3)` uint8 RGB each.

    Returns:
        A `passes.Answer`: each pixel takes its surest.
    """
    reference, query = pair
    size = reference.shape[:2]
    side = round(_WINDOW * min(size))
    if side < _MIN_SIDE:
        return found
    is_open = _inside(fitted, size, query.shape[:2])
    query_sizes = None
    for _ in range(_NUM_WINDOWS):
        box = _unsure_window(matching, found, is_open, side)
        if box is None:
            break
        is_open[box] = False
        if query_sizes is None:
            scales = [max(size) / side / zoom for zoom in _ZOOMS]
            query_sizes = voting.see_sizes(
                matching.coarse_features, query, scales
            )
        homography = _find(matching, box, query_sizes, pair)
        view = homography is not None and views.overlap_view(
            homography,
            size,
            query.shape[:2],
            _widened(box, round(_MARGIN * side), size),
        )
        if view:
            found = passes.surest([found, see(matching, view, *pair)])
    return found


def _inside(fitted, size, query_size):
    """Returns which pixels a homography does not lead out of the query."""
    inside = np.ones(size, bool)
    if fitted is not None:
        for rows in bands(size):
            grid = views.box_grid((rows, slice(0, size[1])))
            matches = views.map_points(fitted, grid)
            inside[rows] = views.is_inside(matches, query_size)
    return inside


def _unsure_window(matching, found, is_open, side):
    """Returns the window amid the open pixels that are unsure, or None."""
    confidence = passes.smooth(found.confidence)
    unsure = (confidence < matching.trust.sure) & is_open
    shares = _means(unsure.astype(np.float32), side)
    # Of windows that are unsure alike, the one with more of them all around.
    ranks = np.where(shares >= _UNSURE_SHARE, _means(shares, side), 0)
    centre = np.unravel_index(ranks.argmax(), ranks.shape)
    if not ranks[centre]:
        return None
    return tuple(
        slice(start, start + side)
        for start in (
            min(max(0, int(middle) - side // 2), length - side)
            for middle, length in zip(centre, shares.shape, strict=True)
        )
    )


def _means(values, side):
    return cv2.blur(values, (side, side), borderType=cv2.BORDER_CONSTANT)


def _find(matching, box, query_sizes, pair):
    """Returns the homography of the view that shows a window best, or None."""
    rows, columns = box
    part = np.ascontiguousarray(pair[0][box])
    voted = voting.find_part(matching.coarse_features, part, query_sizes)
    shift = np.eye(3)
    shift[:2, 2] = -columns.start, -rows.start
    starts = [item.homography @ shift for item in voted[:_NUM_SIMILARITIES]]
    share, best = view_search.best(
        view_search.search(matching, starts, pair, _NUM_ROUNDS, box)
    )
    return best.view.homography if share >= _SOME_SHARE else None


def _widened(box, margin, size):
    return tuple(
        slice(max(0, side.start - margin), min(length, side.stop + margin))
        for side, length in zip(box, size, strict=True)
    )
