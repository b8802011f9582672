"""One run of a network over a pair, in a view of it."""

import dataclasses
import math
from collections.abc import Callable

import cv2
import numpy as np

from gocor_tf import homography, inverse_search, views

# Matches that a homography is fitted to lie this far apart, in px.
_SPACING = 4
# Side of the box over which confidences are averaged before they compete.
_SMOOTHING = 9


@dataclasses.dataclass(frozen=True)
class Matching:
    """What the passes over a pair need.

    Attributes:
        run: function of two uint8 images, `(height, width, 3)`, that returns
            the flow between them, `(height, width, 2)`, and what the network
            says about it, `(height, width, channels)`, as NumPy arrays.
        run_coarse: the same for 256 x 256 images, without fine detail.
        trust: turns what the network says into confidences, see `trust`.
        coarse_features: see `voting.find_similarities`.
        seen_side: sides of images up to which the network sees all detail,
            in px.
        max_pixels: of an image that goes through the network at once.
        pixel: side of a pixel of the query that is matched, in px of the
            photograph that it is stretched from.
        share: size of the reference that is matched, as a fraction of the
            photograph that it is a part of.
    """

    run: Callable
    run_coarse: Callable
    trust: object
    coarse_features: Callable
    seen_side: int
    max_pixels: float = math.inf
    pixel: float = 1.0
    share: float = 1.0

    def fits(self, *images):
        """Returns whether the network may see images as they are."""
        return all(
            image.shape[0] * image.shape[1] <= self.max_pixels
            for image in images
        )


@dataclasses.dataclass(frozen=True)
class Look:
    """What the network saw in a view.

    Attributes:
        view: `views.View`, or None: the pair as it is.
        flow: `(height, width, 2)`, in px of the query as the view shows it.
        trust: what the network says about it, `(height, width, channels)`.
    """

    view: views.View | None
    flow: np.ndarray
    trust: np.ndarray


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a look means for the pair.

    Attributes:
        flow: `(height, width, 2)`, in px of the query.
        confidence: `(height, width)`.
        sharpness: `(height, width)`, to choose between answers. It is in
            pixels of the images that were matched, stretched or not.
        known: `(height, width)` bool, where the look says anything.
    """

    flow: np.ndarray
    confidence: np.ndarray
    sharpness: np.ndarray
    known: np.ndarray


def look(matching, view, reference, query):
    """Runs the network in a view; None is the pair as it is.

    Returns:
        A `Look`.
    """
    if view is None:
        return Look(None, *matching.run(reference, query))
    return Look(view, *matching.run(*view.show(reference, query)))


def glance(matching, view, reference, query):
    """Runs the network in a view stretched to 256 x 256, without detail.

    Returns:
        A `Look`, of that size.
    """
    view = view.stretched((256, 256))
    return Look(view, *matching.run_coarse(*view.show(reference, query)))


def refine(matching, seen, reference, query):
    """Adds what an inverse search sees in the images of a look.

    Returns:
        A `Look`.
    """
    deviation = matching.trust.deviation(seen.trust)
    if seen.view is not None:
        images = seen.view.show(reference, query)
        flow = inverse_search.refine(*images, seen.flow, deviation)
        return dataclasses.replace(seen, flow=flow)
    # The search needs images of one size.
    sizes = query.shape[:2], reference.shape[:2]
    stretched = cv2.resize(query, sizes[1][::-1], interpolation=cv2.INTER_AREA)
    flow = inverse_search.refine(
        reference, stretched, _stretch_flow(seen.flow, *sizes), deviation
    )
    return dataclasses.replace(seen, flow=_stretch_flow(flow, *sizes[::-1]))


def _stretch_flow(flow, size, new_size):
    """Returns a flow into an image that is stretched to another size."""
    if size == new_size:
        return flow
    grid = views.pixel_grid(flow.shape[:2])
    stretched = views.map_points(views.scaling(size, new_size), grid + flow)
    return (stretched - grid).astype(np.float32)


def answer(matching, seen, reference, query):
    """Brings a look back to the pair.

    Returns:
        An `Answer`.
    """
    sizes = reference.shape[:2], query.shape[:2]
    if seen.view is None:
        flow, trust = seen.flow, seen.trust
        known = np.ones(sizes[0], bool)
        pixel = float(np.sqrt(np.prod(sizes[1]) / np.prod(sizes[0])))
        share = 1.0
    else:
        flow, trust, known = seen.view.bring_back(seen.flow, seen.trust, *sizes)
        pixel = seen.view.pixel_in_query()
        share = seen.view.share_of_reference(sizes[0])
    share *= matching.share
    confidence = matching.trust.confidence(trust, pixel * matching.pixel, share)
    sharpness = matching.trust.sharpness(trust, pixel, share)
    return Answer(
        flow,
        # Interpolation can leave 0..1 by a rounding error.
        np.where(known, np.clip(confidence, 0, 1), 0).astype(np.float32),
        np.where(known, np.clip(sharpness, 0, 1), 0).astype(np.float32),
        known,
    )


def see(matching, view, reference, query):
    """Returns the `Answer` of a look in a view."""
    seen = look(matching, view, reference, query)
    return answer(matching, seen, reference, query)


def fit(matching, seen, min_matches, threshold=None):
    """Fits a homography between the originals to what a look has seen.

    Args:
        matching: `Matching`.
        seen: `Look`.
        min_matches: there must be more sure matches than this.
        threshold: see `fit_points`.

    Returns:
        The homography and the share of the view that agrees with it, or None
        and 0.
    """
    grid = views.pixel_grid(seen.flow.shape[:2])
    points = grid[_SPACING // 2 :: _SPACING, _SPACING // 2 :: _SPACING]
    points = points.reshape(-1, 2)
    fitted, inliers = fit_points(
        matching,
        points,
        seen.flow,
        matching.trust.sharpness(seen.trust),
        min_matches,
        threshold,
    )
    if fitted is None:
        return None, 0.0
    if seen.view is not None:
        into, onto = seen.view.reference_to_frame, seen.view.query_to_frame
        fitted = np.linalg.inv(onto) @ fitted @ into
    return fitted, inliers.sum() / len(points)


def fit_points(matching, points, flow, sharpness, min_matches, threshold=None):
    """Fits a homography to those of some pixels that are matched surely.

    Args:
        matching: `Matching`.
        points: `(number, 2)` xy of the pixels.
        flow: `(height, width, 2)`.
        sharpness: `(height, width)`.
        min_matches: there must be more sure matches than this.
        threshold: largest error of an inlier, in px of an image with a long
            side of 256 px; None: that of `matching.trust`.

    Returns:
        As `homography.fit`.
    """
    x, y = points.T
    sure = sharpness[y, x] >= matching.trust.min_confidence
    threshold = threshold or matching.trust.threshold
    return homography.fit(
        points[sure],
        (points + flow[y, x])[sure],
        threshold * max(sharpness.shape) / 256,
        min_matches,
    )


def surest(answers):
    """Takes each pixel from the answer that is surest around it.

    Returns:
        An `Answer`.
    """
    flow, confidence = answers[0].flow.copy(), answers[0].confidence.copy()
    sharpness, known = answers[0].sharpness.copy(), answers[0].known.copy()
    highest = smooth(sharpness)
    for other in answers[1:]:
        smoothed = smooth(other.sharpness)
        better = other.known & (smoothed > highest)
        flow[better] = other.flow[better]
        confidence[better] = other.confidence[better]
        sharpness[better] = other.sharpness[better]
        highest[better] = smoothed[better]
        known |= other.known
    return Answer(flow, confidence, sharpness, known)


def smooth(values):
    """Returns `(height, width)` values, averaged over a small box."""
    return cv2.blur(values, (_SMOOTHING, _SMOOTHING))
