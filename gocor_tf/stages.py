"""Matching a pair in several passes, each in a better view of it.

"homography" and "multi_scale" are PDC-Net's modes (spec models.md, 9.4), for
any network. These slips of the published code are put right: the modes work
without a GPU; the multi-scale score is the share of inliers, and its RANSAC
uses the threshold that was set; each pixel has the confidence of the pass that
its flow comes from. "alignment" is this project's own, see `alignment`.
"""

import dataclasses

import numpy as np

from gocor_tf import (
    alignment,
    image_tiles,
    passes,
    smoothness,
    views,
    working_size,
)

MODES = ("direct", "homography", "multi_scale", "alignment")
SCALES = (0.5, 0.6, 0.88, 1.33, 1.66, 2.0)
# 9.4: share of inliers that the best scale must reach, and numbers of matches,
# four pixels apart, that a homography needs.
_MIN_INLIERS = 0.002
_MIN_MATCHES = {"homography": 200, "multi_scale": 70}


def match(matching, mode, reference, query):
    """Matches a pair.

    Args:
        matching: `passes.Matching`.
        mode: "direct": one pass. "homography": a second one, of the query as
            the homography of the first pass's matches shows it. "multi_scale":
            the same, the homography being the best of seven scales.
            "alignment": see `alignment.align`; confidences are lowered where
            the flow is not smooth, see `smoothness`. A pair of more than the
            matching's `max_pixels` is so matched shrunk to that; then each
            tile of the reference, in one pass, with its part of the query.
        reference: `(height, width, 3)` uint8 RGB.
        query: `(query_height, query_width, 3)` uint8 RGB.

    Returns:
        The flow, `(height, width, 2)` float32 in px of the query, and its
        confidence, `(height, width)`.
    """
    if matching.fits(reference, query):
        found, fitted = _match_whole(matching, mode, reference, query)
    else:
        found, fitted = _match_large(matching, mode, reference, query)
    if fitted is not None:
        alignment.extrapolate(found, fitted, query.shape[:2])
    if mode == "alignment":
        smoothness.lower(found.confidence, found.flow)
    return found.flow, found.confidence


def _match_whole(matching, mode, reference, query):
    """Returns the answer, and a homography to extrapolate it, or None."""
    if mode == "alignment":
        return alignment.align(matching, reference, query)
    seen = passes.look(matching, None, reference, query)
    found = passes.answer(matching, seen, reference, query)
    fitted = None
    if mode == "homography":
        fitted = passes.fit(matching, seen, _MIN_MATCHES[mode])[0]
    elif mode == "multi_scale":
        fitted = _best_scale(matching, seen, reference, query)
    if fitted is not None:
        found = _join(found, _second(matching, fitted, reference, query))
    return found, None


def _match_large(matching, mode, *pair):
    """Does the same for a pair of too many pixels to be seen at once."""
    stretch = working_size.shrink_to(matching.max_pixels, *pair)
    shrunk = dataclasses.replace(
        matching,
        pixel=matching.pixel * stretch.pixel,
        # Detail is for the tiles.
        seen_side=max(stretch.seen_sizes[0]),
    )
    whole, fitted = _match_whole(shrunk, mode, *stretch.show(*pair))
    see = alignment.see if mode == "alignment" else passes.see
    found = image_tiles.add_detail(matching, see, whole, stretch, pair)
    if fitted is not None:
        fitted = stretch.bring_back_homography(fitted)
    return found, fitted


def _second(matching, fitted, reference, query):
    """Returns the answer in the reference's view, the query brought there."""
    view = views.View(np.eye(3), np.linalg.inv(fitted), reference.shape[:2])
    return passes.see(matching, view, reference, query)


def _best_scale(matching, first, reference, query):
    """Returns the homography with most inliers over all scales (9.4, MS)."""
    minimum = _MIN_MATCHES["multi_scale"]
    best, score = passes.fit(matching, first, minimum)
    size = reference.shape[:2]
    stretch = views.scaling(query.shape[:2], size)
    for scale in SCALES:
        shrink = np.diag([min(scale, 1 / scale)] * 2 + [1])
        if scale < 1:
            view = views.View(shrink, stretch, size)
        else:
            view = views.View(np.eye(3), shrink @ stretch, size)
        seen = passes.look(matching, view, reference, query)
        fitted, share = passes.fit(matching, seen, minimum)
        # A shrunk reference fills but a part of the frame.
        share /= min(scale, 1) ** 2
        if share > score:
            best, score = fitted, share
    return best if score > _MIN_INLIERS else None


def _join(first, second):
    """Takes the second answer where it knows one, else the first."""
    known = second.known
    return passes.Answer(
        np.where(known[..., None], second.flow, first.flow),
        np.where(known, second.confidence, first.confidence),
        np.where(known, second.sharpness, first.sharpness),
        first.known | known,
    )
