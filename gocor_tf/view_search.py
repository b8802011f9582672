"""Glances, which cost little, that look for the view that shows a pair best."""

from gocor_tf import passes, views

# Share of sure pixels that ends a search.
GOOD_SHARE = 0.5
_MIN_MATCHES = 20
# Largest error of an inlier, in px of an image with a long side of 256 px:
# few scenes are planes.
_MAX_ERROR = 2.0


def fit(matching, seen):
    """Returns the homography of a look's sure matches, or None."""
    return passes.fit(matching, seen, _MIN_MATCHES, _MAX_ERROR)[0]


def share(matching, seen):
    """Returns the share of a look's pixels that are matched surely."""
    confidence = matching.trust.confidence(seen.trust)
    return float((confidence >= matching.trust.sure).mean())


def best(glances):
    """Returns the glance of the largest share, or a share of 0 and None."""
    return max(glances, key=lambda glance: glance[0], default=(0.0, None))


def rounds(matching, start, pair, number, box=None):
    """Yields glances in the views of a homography that each one improves.

    Args:
        matching: `passes.Matching`.
        start: `(3, 3)` homography from reference to query, or None.
        pair: reference and query, `(height, width, 3)` uint8 RGB each.
        number: of glances at most.
        box: part of the reference to look at, slices of rows and columns;
            None: all of it.

    Yields:
        The share of pixels that are matched surely, and the `passes.Look`.
    """
    fitted = start
    for _ in range(number):
        view = fitted is not None and views.overlap_view(
            fitted, *(image.shape[:2] for image in pair), box
        )
        if not view:
            return
        seen = passes.glance(matching, view, *pair)
        yield share(matching, seen), seen
        fitted = fit(matching, seen)


def search(matching, starts, pair, number, box=None):
    """Yields the `rounds` of one homography after the other.

    Ends with the first homography that led to a good glance.

    Args:
        matching: see `rounds`.
        starts: homographies, the likeliest first.
        pair: see `rounds`.
        number: see `rounds`.
        box: see `rounds`.

    Yields:
        As `rounds`.
    """
    for start in starts:
        glances = list(rounds(matching, start, pair, number, box))
        yield from glances
        if best(glances)[0] >= GOOD_SHARE:
            return
