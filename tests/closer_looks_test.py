"""Closer looks at a scene in which one thing moves on its own.

Colours are coordinates: a network that compares them knows every match, but
answers only where things moved by less than a fifth of what it is shown.
"""

import cv2
import numpy as np
import pytest

from gocor_tf import alignment, closer_looks, passes, views
from tests import coloured_scene

SIZE = (192, 240)
# The thing in the reference, and how it moves.
THING = (slice(20, 130), slice(10, 120))
MOTION = np.array([[1.3, 0, 85], [0, 1.3, -5], [0, 0, 1]])
REACH = 0.2


def _scene():
    blue = np.full((*SIZE, 1), 255)
    scene = np.concatenate([views.pixel_grid(SIZE), blue], axis=-1)
    reference = scene.astype(np.uint8)
    thing = np.zeros_like(reference)
    thing[THING] = reference[THING]
    # Nothing is seen any more where the thing was.
    query = reference.copy()
    query[THING] = 0
    moved = views.warp_image(thing, MOTION, SIZE)
    seen = moved[..., 2] == 255
    query[seen] = moved[seen]
    return reference, query


def _network(reference, query):
    step = 6
    size = reference.shape[:2]
    points, query_points = (
        views.pixel_grid(image.shape[:2])[::step, ::step]
        for image in (reference, query)
    )
    colors, query_colors = (
        image[::step, ::step].astype(np.float32) for image in (reference, query)
    )
    valid = query_colors[..., 2] == 255
    candidates = query_points[valid]
    if not len(candidates):
        return np.zeros((*size, 2), np.float32), np.full((*size, 1), 0.01)
    distances = np.linalg.norm(
        colors[..., None, :2] - query_colors[valid][:, :2], axis=-1
    )
    flow = candidates[distances.argmin(-1)] - points
    sure = (distances.min(-1) < 8) & (colors[..., 2] == 255)
    sure &= np.linalg.norm(flow, axis=-1) < REACH * max(size)
    flow *= sure[..., None]
    answer = np.dstack([flow, np.where(sure, 0.9, 0.01)]).astype(np.float32)
    # Back to all pixels; the first of each block is the one that was compared.
    answer = np.kron(answer, np.ones((step, step, 1), np.float32))
    answer = answer[: size[0], : size[1]]
    return answer[..., :2], answer[..., 2:]


MATCHING = passes.Matching(
    _network,
    _network,
    coloured_scene.Trust(),
    coloured_scene.features,
    seen_side=1024,
)


def _answer(confidence):
    return passes.Answer(
        np.zeros((*SIZE, 2), np.float32),
        confidence,
        confidence,
        np.ones(SIZE, bool),
    )


def _never(*arguments):
    raise AssertionError(f"called with {arguments}")


def test_what_moves_on_its_own_is_found():
    pair = _scene()
    points = views.pixel_grid(SIZE)[THING]
    truth = views.map_points(MOTION, points) - points
    inside = views.is_inside(points + truth, SIZE)
    first = passes.answer(MATCHING, passes.look(MATCHING, None, *pair), *pair)
    found = closer_looks.add(MATCHING, alignment.see, first, np.eye(3), pair)
    errors, first_errors = (
        np.linalg.norm(answer.flow[THING] - truth, axis=-1)[inside]
        for answer in (found, first)
    )
    assert np.median(first_errors) > 30
    assert np.median(errors) < 6
    assert np.median(first.confidence[THING][inside]) < 0.1
    assert np.median(found.confidence[THING][inside]) > 0.8
    # What is sure without them stays.
    background = (slice(140, None), slice(0, 80))
    assert first.confidence[background].min() > 0.8
    np.testing.assert_array_equal(
        found.flow[background], first.flow[background]
    )


def test_the_window_lies_amid_what_is_unsure():
    confidence = np.full(SIZE, 0.9, np.float32)
    confidence[40:140, 110:210] = 0
    is_open = np.ones(SIZE, bool)
    box = closer_looks._unsure_window(
        MATCHING, _answer(confidence), is_open, 60
    )
    rows, columns = box
    assert abs(rows.start + 30 - 90) <= 2
    assert abs(columns.start + 30 - 160) <= 2
    # What is looked at already, or leaves the query, is no reason to look.
    is_open[40:140, 110:210] = False
    assert (
        closer_looks._unsure_window(MATCHING, _answer(confidence), is_open, 60)
        is None
    )


@pytest.mark.parametrize("confidence", [0.9, 0.6])
def test_sure_pairs_cost_nothing(confidence):
    matching = passes.Matching(
        _never, _never, coloured_scene.Trust(), _never, 1024
    )
    found = _answer(np.full(SIZE, confidence, np.float32))
    pair = _scene()
    assert closer_looks.add(matching, _never, found, None, pair) is found


def test_what_leaves_the_query_is_not_looked_for():
    matching = passes.Matching(
        _never, _never, coloured_scene.Trust(), _never, 1024
    )
    found = _answer(np.zeros(SIZE, np.float32))
    away = np.array([[1, 0, 500], [0, 1, 0], [0, 0, 1.0]])
    assert closer_looks.add(matching, _never, found, away, _scene()) is found


def test_small_pictures_are_not_cut_further():
    matching = passes.Matching(
        _never, _never, coloured_scene.Trust(), _never, 1024
    )
    small = np.zeros((40, 60), np.float32)
    found = passes.Answer(np.zeros((40, 60, 2)), small, small, small == 0)
    pair = [cv2.resize(image, (60, 40)) for image in _scene()]
    assert closer_looks.add(matching, _never, found, None, pair) is found
