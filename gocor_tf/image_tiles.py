"""Seeing a large pair in tiles of the reference.

What is known of the whole says for each tile where its matches lie: the tile is
seen beside that part of the query. The tiles overlap, and where they do their
answers are blended.
"""

import dataclasses
import itertools
import math

import numpy as np

from gocor_tf import passes, progress, views, working_size

# How much of a tile its neighbour sees as well.
_OVERLAP = 0.2
# Matches that the homography of a tile is fitted to: how far they lie apart at
# most, in px, how many steps fit into a tile at least, how many there must be,
# and by how much they may err, in px of an image with a long side of 256 px.
_SPACING, _STEPS = 4, 16
_MIN_MATCHES = 20
_MAX_ERROR = 2.0
# Answers that differ by no more are blended, in px of the query.
_AGREEMENT = 3.0


def boxes(size, side):
    """Returns tiles that cover an image.

    Args:
        size: `(height, width)` of the image.
        side: largest height and width of a tile, in px.

    Returns:
        List of slices of rows and columns; one, if the image is no larger.
    """
    return list(itertools.product(*(_intervals(n, side) for n in size)))


def fit(matching, found, box):
    """Fits a homography to what is known about a part of the reference.

    Args:
        matching: `passes.Matching`.
        found: `passes.Answer`.
        box: slices of rows and columns.

    Returns:
        The homography from reference to query, or None.
    """
    longest = max(side.stop - side.start for side in box)
    step = max(1, min(_SPACING, longest // _STEPS))
    points = views.box_grid(box)[step // 4 :: step, step // 4 :: step]
    return passes.fit_points(
        matching,
        points.reshape(-1, 2),
        found.flow,
        found.sharpness,
        _MIN_MATCHES,
        _MAX_ERROR,
    )[0]


def add_detail(matching, see, whole, stretch, pair):
    """Sees a large pair in tiles, no more than `max_pixels` at once.

    Args:
        matching: `passes.Matching`.
        see: function of a matching, a view of a pair and its two images that
            returns a `passes.Answer`.
        whole: `passes.Answer` about the pair shrunk to that.
        stretch: `working_size.Stretch` by which it was shrunk.
        pair: reference and query, `(height, width, 3)` uint8 RGB each.

    Returns:
        A `passes.Answer` about the pair. Its sharpness is the weight that
        `blend` has given its pixels.
    """
    found = _bring_back(whole, stretch)
    size = stretch.sizes[0]
    side = min(matching.seen_side, math.isqrt(matching.max_pixels))
    for box in progress.track(boxes(size, side), "tiles"):
        view = _view(matching, whole, stretch, box)
        if view is not None:
            region, tile = _see(matching, see, view, box, *pair)
            blend(found, tile, region, taper(box, size)[_within(region, box)])
    return found


def blend(found, tile, region, taper):
    """Adds what a tile says to an answer, in place.

    Answers that agree are averaged, by weights: how sharp they are, and for a
    tile how far from its border. Of two different matches the mean would be
    neither: there the one of more weight stands.

    Args:
        found: `passes.Answer` about the reference; its sharpness is the sum
            of the weights.
        tile: `passes.Answer` about a region.
        region: slices of rows and columns.
        taper: `(height, width)` of the region, in [0, 1].
    """
    flow, confidence = found.flow[region], found.confidence[region]
    old = found.sharpness[region]
    new = passes.smooth(tile.sharpness)
    new *= taper * tile.known
    agrees = np.linalg.norm(tile.flow - flow, axis=-1) <= _AGREEMENT
    total = old + new
    share = np.divide(new, total, out=np.zeros_like(new), where=total > 0)
    share = np.where(agrees, share, new > old)
    flow += share[..., None] * (tile.flow - flow)
    confidence += share * (tile.confidence - confidence)
    old[:] = np.where(agrees, total, np.maximum(old, new))


def taper(box, size):
    """Returns how much each pixel of a tile counts, `(height, width)` in 0..1.

    The weights of neighbours add up to one. At the image's border, which no
    neighbour sees, a tile counts in full.
    """
    rows, columns = (
        _ramp(side, length) for side, length in zip(box, size, strict=True)
    )
    return rows[:, None] * columns


def _ramp(side, length):
    number = side.stop - side.start
    position = np.arange(number, dtype=np.float32) + 0.5
    ramp = np.ones_like(position)
    if side.start > 0:
        ramp = np.minimum(ramp, position / (_OVERLAP * number))
    if side.stop < length:
        ramp = np.minimum(ramp, (number - position) / (_OVERLAP * number))
    return ramp


def _bring_back(whole, stretch):
    """Returns an answer about a shrunk pair as one about the pair."""
    # How probable a small error is grows with the square of its size.
    sharpness = stretch.bring_back(whole.sharpness)
    sharpness /= stretch.pixel**2
    return passes.Answer(
        stretch.bring_back_flow(whole.flow),
        stretch.bring_back(whole.confidence),
        sharpness,
        np.ones(sharpness.shape, bool),
    )


def _view(matching, whole, stretch, box):
    """Returns the view of a tile and of its part of the query, or None."""
    fitted = fit(matching, whole, stretch.box(box))
    if fitted is None:
        return None
    fitted = stretch.bring_back_homography(fitted)
    view = views.overlap_view(fitted, *stretch.sizes, box)
    if view is None:
        return None
    limit = min(matching.max_pixels, matching.seen_side**2)
    return view.stretched(working_size.fit(view.size, limit))


def _see(matching, see, view, box, reference, query):
    """Returns the part of a tile that a view shows, and the answer there."""
    sizes = reference.shape[:2], query.shape[:2]
    view, part, query_part = view.parts(*sizes)
    pair = reference[part], query[query_part]
    share = matching.share * math.sqrt(pair[0].size / reference.size)
    seen = see(dataclasses.replace(matching, share=share), view, *pair)
    shift = [
        other.start - own.start
        for own, other in zip(part[::-1], query_part[::-1], strict=True)
    ]
    region = tuple(
        slice(max(own.start, tile.start), min(own.stop, tile.stop))
        for own, tile in zip(part, box, strict=True)
    )
    inner = _within(region, part)
    return region, passes.Answer(
        seen.flow[inner] + np.array(shift, np.float32),
        seen.confidence[inner],
        seen.sharpness[inner],
        seen.known[inner],
    )


def _within(box, other):
    """Returns the rows and columns of a box, counted from another's first."""
    return tuple(
        slice(side.start - start.start, side.stop - start.start)
        for side, start in zip(box, other, strict=True)
    )


def _intervals(length, longest):
    number = (
        math.ceil(max(length / longest - _OVERLAP, 0) / (1 - _OVERLAP)) or 1
    )
    step = length / (number + _OVERLAP / (1 - _OVERLAP))
    side = step / (1 - _OVERLAP)
    return [
        slice(round(i * step), round(i * step + side)) for i in range(number)
    ]
