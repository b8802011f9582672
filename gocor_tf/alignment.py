"""The mode "alignment": looking at a pair in the views that show it best.

A network knows the turns, zooms and sizes it was trained on. The pair is seen
as it is. Unless nearly all is sure then, glances, which cost little, look for
the view of what both images share: that of a homography of the sure matches
or, where few are sure, of votes of the network's features for a turn, zoom and
shift. The pair is seen in that view; images too large for the network to see
all detail at once, in parts of it. What is seen in detail is refined by an
inverse search. Each pixel takes its surest answer. Where little is sure then,
`closer_looks` look for views of that part alone.
"""

from gocor_tf import (
    closer_looks,
    image_tiles,
    passes,
    view_search,
    views,
    voting,
)
from gocor_tf.bands import bands

# Shares of sure pixels: that needs no other view, that makes a view worth a
# look; and what the search may cost.
_FULL_SHARE = 0.9
_SOME_SHARE = 0.05
_NUM_ROUNDS = 2
_NUM_SIMILARITIES = 5
# Confidence below which pixels may follow a homography out of the query.
_UNSURE = 0.15


def align(matching, reference, query):
    """Matches a pair.

    Args:
        matching: `passes.Matching`.
        reference: `(height, width, 3)` uint8 RGB.
        query: `(query_height, query_width, 3)` uint8 RGB.

    Returns:
        A `passes.Answer`, and the homography that pixels may follow out of the
        query, see `extrapolate`, or None.
    """
    pair = reference, query
    first = passes.look(matching, None, *pair)
    answers = [_answer(matching, first, *pair)]
    is_small = max(reference.shape) <= matching.seen_side
    share = view_search.share(matching, first)
    if is_small and share >= _FULL_SHARE:
        return answers[0], None
    share, best = view_search.best(_glances(matching, first, share, pair))
    fitted = best.view.homography if share >= _SOME_SHARE else None
    if fitted is not None:
        sizes = reference.shape[:2], query.shape[:2]
        view = views.overlap_view(fitted, *sizes)
        answers.append(see(matching, view, *pair))
        if not is_small:
            answers += _tiles(matching, answers, *pair)
    fitted = fitted if share >= view_search.GOOD_SHARE else None
    found = passes.surest(answers)
    return closer_looks.add(matching, see, found, fitted, pair), fitted


def _glances(matching, first, share, pair):
    """Glances at the pair as the first look's matches show it.

    If neither that look, with its share of sure pixels, nor they are good, as
    features vote for it, too.
    """
    start = view_search.fit(matching, first)
    glances = list(view_search.rounds(matching, start, pair, _NUM_ROUNDS))
    if max(share, view_search.best(glances)[0]) < view_search.GOOD_SHARE:
        voted = voting.find_similarities(matching.coarse_features, *pair)
        starts = [item.homography for item in voted[:_NUM_SIMILARITIES]]
        glances += view_search.search(matching, starts, pair, _NUM_ROUNDS)
    return glances


def see(matching, view, reference, query):
    """Returns the `passes.Answer` of one view, with fine detail."""
    seen = passes.look(matching, view, reference, query)
    return _answer(matching, seen, reference, query)


def _answer(matching, seen, reference, query):
    seen = passes.refine(matching, seen, reference, query)
    return passes.answer(matching, seen, reference, query)


def _tiles(matching, answers, reference, query):
    """Yields answers about parts of the reference, each seen larger."""
    found = passes.surest(answers)
    size = reference.shape[:2]
    for box in image_tiles.boxes(size, matching.seen_side):
        fitted = image_tiles.fit(matching, found, box)
        view = fitted is not None and views.overlap_view(
            fitted, size, query.shape[:2], box
        )
        if view:
            yield see(matching, view, reference, query)


def extrapolate(found, fitted, query_size):
    """Lets unsure pixels leave the query where a homography says so.

    Args:
        found: `passes.Answer`, changed in place.
        fitted: `(3, 3)` homography from reference to query.
        query_size: `(height, width)` of the query.
    """
    smoothed = passes.smooth(found.confidence)
    size = smoothed.shape
    for rows in bands(size):
        grid = views.box_grid((rows, slice(0, size[1])))
        matches = views.map_points(fitted, grid)
        outside = ~views.is_inside(matches, query_size)
        outside &= smoothed[rows] < _UNSURE
        found.flow[rows][outside] = (matches - grid)[outside]
        found.confidence[rows][outside] = 0
        found.known[rows] = True
