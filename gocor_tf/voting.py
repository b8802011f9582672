"""Finds how one photograph is turned, zoomed and shifted against another.

A network that decodes a global volume knows the turns and zooms it was trained
on. Its features know more: this module compares those of one photograph,
turned in steps, with those of the other at several sizes, and counts for each
turn and size how many mutual nearest neighbours agree on one shift: a Hough
transform, with learned features.
"""

import dataclasses

import cv2
import numpy as np

from gocor_tf import views

CELL = 16
_SIDE = 256
_NUM_TURNS = 12
_SCALES = tuple(2 ** (k / 2) for k in range(5))
_MAX_PIXELS = 1024**2
# Matches agree on a shift if they differ by no more than this, in cells.
_TOLERANCE = 1


@dataclasses.dataclass(frozen=True)
class Similarity:
    """One way in which a query may show the reference.

    Attributes:
        votes: number of matches that agree on it.
        homography: `(3, 3)`, from reference to query.
    """

    votes: int
    homography: np.ndarray


def find_similarities(coarse_features, reference, query):
    """Returns what the features of two images vote for, most votes first.

    Args:
        coarse_features: function of `(batch, height, width, 3)` uint8 images
            that returns features at 1/16, `(batch, h, w, channels)`.
        reference: `(height, width, 3)` uint8 RGB.
        query: `(query_height, query_width, 3)` uint8 RGB.

    Returns:
        List of `Similarity`: the best shift for each of 12 turns and of 9
        zooms between 1/4 and 4.
    """
    sizes = see_sizes(coarse_features, reference, _SCALES)
    found = _vote(coarse_features, sizes, query)
    # With the roles exchanged: the query is seen at more sizes.
    sizes = see_sizes(coarse_features, query, _SCALES[1:])
    found += _swapped(_vote(coarse_features, sizes, reference))
    return _ranked(found)


def find_part(coarse_features, part, query_sizes):
    """Returns what features vote for when a part is looked for in a query.

    Args:
        coarse_features: see `find_similarities`.
        part: `(height, width, 3)` uint8 RGB, of the reference.
        query_sizes: the query's features, see `see_sizes`.

    Returns:
        List of `Similarity`, from the part to the query, most votes first: the
        best shift for each of 12 turns at each of the sizes.
    """
    return _ranked(_swapped(_vote(coarse_features, query_sizes, part)))


def see_sizes(coarse_features, image, scales):
    """Returns the features of an image at several sizes.

    Args:
        coarse_features: see `find_similarities`.
        image: `(height, width, 3)` uint8 RGB.
        scales: its long sides, in 256 px; sizes of more than 1024 x 1024 px
            are left out.

    Returns:
        List of features `(height, width, channels)`, of unit length, and the
        homography from the image to that size.
    """
    seen = []
    for scale in scales:
        size = _working_size(image.shape[:2], scale)
        if size[0] * size[1] > _MAX_PIXELS:
            continue
        shown = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
        features = _features(coarse_features, shown[None])[0]
        seen.append((features, views.scaling(image.shape[:2], size)))
    return seen


def _vote(coarse_features, sizes, small):
    """Votes for homographies from an image, at some sizes, to `small`."""
    small_size, turned, turns = _turned_images(small)
    features = _features(coarse_features, turned)
    masks = [_cells_inside(small.shape[:2], small_size, turn) for turn in turns]
    found = []
    for large_features, to_size in sizes:
        for turned_features, mask, turn in zip(
            features, masks, turns, strict=True
        ):
            votes, shift = count_votes(large_features, turned_features, mask)
            if votes:
                move = np.eye(3)
                move[:2, 2] = -CELL * shift
                found.append(
                    Similarity(votes, np.linalg.inv(turn) @ move @ to_size)
                )
    return found


def _swapped(found):
    return [
        Similarity(item.votes, np.linalg.inv(item.homography)) for item in found
    ]


def _ranked(found):
    return sorted(found, key=lambda item: -item.votes)


def count_votes(large, small, mask):
    """Counts the mutual nearest neighbours that agree on one shift.

    Args:
        large: `(height, width, channels)` features of unit length.
        small: `(h, w, channels)`, the same.
        mask: `(h, w)` bool, the cells of `small` that hold image.

    Returns:
        How many agree, and their mean shift from `small` to `large`, `(2,)`
        xy in cells.
    """
    scores = _rows(large) @ _rows(small).T
    scores[:, ~mask.ravel()] = -np.inf
    best_large, best_small = scores.argmax(0), scores.argmax(1)
    cells = np.flatnonzero(mask)
    cells = cells[best_small[best_large[cells]] == cells]
    shifts = _cell_xy(best_large[cells], large) - _cell_xy(cells, small)
    if not len(shifts):
        return 0, np.zeros(2)
    differences = np.abs(shifts[:, None] - shifts).max(-1)
    agreeing = differences <= _TOLERANCE
    winner = agreeing[agreeing.sum(1).argmax()]
    return int(winner.sum()), shifts[winner].mean(0)


def _turned_images(image):
    """Returns a size, an image at that size turned in steps, and the turns.

    A turn is the homography from the image to the turned one.
    """
    size = _working_size(image.shape[:2], 1.0)
    turns = []
    for angle in np.arange(_NUM_TURNS) * (360 / _NUM_TURNS):
        centre = (size[1] - 1) / 2, (size[0] - 1) / 2
        turn = np.vstack([cv2.getRotationMatrix2D(centre, angle, 1), [0, 0, 1]])
        turns.append(turn @ views.scaling(image.shape[:2], size))
    turned = [views.warp_image(image, turn, size) for turn in turns]
    return size, np.stack(turned), turns


def _cells_inside(image_size, size, turn):
    """Which cells of a turned image have their centre in the image."""
    grid = views.pixel_grid((size[0] // CELL, size[1] // CELL))
    centres = CELL * grid + (CELL - 1) / 2
    points = views.map_points(np.linalg.inv(turn), centres)
    return views.is_inside(points, image_size)


def _working_size(size, scale):
    """Returns a size with a long side of `scale` x 256, in whole cells."""
    factor = scale * _SIDE / max(size)
    return tuple(max(2, round(x * factor / CELL)) * CELL for x in size)


def _features(coarse_features, images):
    features = coarse_features(images).astype(np.float32)
    length = np.linalg.norm(features, axis=-1, keepdims=True)
    return features / np.maximum(length, 1e-6)


def _rows(features):
    return features.reshape(-1, features.shape[-1])


def _cell_xy(cells, features):
    width = features.shape[1]
    return np.stack([cells % width, cells // width], axis=-1)
