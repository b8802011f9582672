"""Matching a pair in several passes, each in a better view of it.

"homography" and "multi_scale" are PDC-Net's modes (spec models.md, 9.4), for
any network. These slips of the published code are put right: the modes work
without a GPU; the multi-scale score is the share of inliers, and its RANSAC
uses the threshold that was set; each pixel has the confidence of the pass that
its flow comes from. "alignment" is this project's own, see `alignment`.
"""

import numpy as np

from gocor_tf import alignment, passes, views

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
            "alignment": see `alignment.align`.
        reference: `(height, width, 3)` uint8 RGB.
        query: `(query_height, query_width, 3)` uint8 RGB.

    Returns:
        The flow, `(height, width, 2)` float32 in px of the query, and its
        confidence, `(height, width)`.
    """
    if mode == "alignment":
        found = alignment.align(matching, reference, query)
    else:
        seen = passes.look(matching, None, reference, query)
        found = passes.answer(matching, seen, reference, query)
        fitted = None
        if mode == "homography":
            fitted = passes.fit(matching, seen, _MIN_MATCHES[mode])[0]
        elif mode == "multi_scale":
            fitted = _best_scale(matching, seen, reference, query)
        if fitted is not None:
            found = _join(found, _second(matching, fitted, reference, query))
    return found.flow, found.confidence


def _second(matching, fitted, reference, query):
    """Returns the answer in the reference's view, the query brought there."""
    view = views.View(np.eye(3), np.linalg.inv(fitted), reference.shape[:2])
    seen = passes.look(matching, view, reference, query)
    return passes.answer(matching, seen, reference, query)


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
