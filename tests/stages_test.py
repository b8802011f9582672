"""Passes over pairs of one scene, with a network that needs help.

The scene's colours are its coordinates, so the network below knows every
match; but it answers only where one image is neither turned nor zoomed much
against the other.
"""

import cv2
import numpy as np
import pytest

from gocor_tf import alignment, passes, stages, views
from gocor_tf.trust import ConsistencyTrust, GivenTrust
from tests import coloured_scene

SIZE = (192, 240)
CENTRE = (119.5, 95.5)


def _scene():
    grid = views.pixel_grid(SIZE)
    blue = np.full((*SIZE, 1), 255)
    return np.concatenate([grid, blue], axis=-1).astype(np.uint8)


def _affine_of(image):
    """Fits the scene's coordinates to the pixels that show it."""
    points = views.pixel_grid(image.shape[:2])[image[..., 2] == 255]
    design = np.column_stack([points, np.ones(len(points))])
    colors = image[image[..., 2] == 255][:, :2]
    solution = np.linalg.lstsq(design, colors, rcond=None)[0]
    return np.vstack([solution.T, [0, 0, 1]])


def _network(reference, query):
    relative = np.linalg.inv(_affine_of(query)) @ _affine_of(reference)
    size = reference.shape[:2]
    if np.abs(relative[:2, :2] - np.eye(2)).max() > 0.3:
        return np.full((*size, 2), 77, np.float32), np.full((*size, 1), 0.01)
    grid = views.pixel_grid(size)
    flow = views.map_points(relative, grid) - grid
    sure = np.where(reference[..., 2:] == 255, 0.9, 0.01)
    return flow.astype(np.float32), sure.astype(np.float32)


MATCHING = passes.Matching(
    _network,
    _network,
    coloured_scene.Trust(),
    coloured_scene.features,
    seen_side=100,
)


def _pair(angle, zoom):
    """Returns a pair and the homography between its images."""
    turn = np.vstack([cv2.getRotationMatrix2D(CENTRE, angle, zoom), [0, 0, 1]])
    scene = _scene()
    return scene, views.warp_image(scene, turn, SIZE), turn


def _errors(flow, homography):
    """Errors where the match lies inside the query."""
    grid = views.pixel_grid(SIZE)
    truth = views.map_points(homography, grid)
    inside = views.is_inside(truth, SIZE)
    return np.linalg.norm(grid + flow - truth, axis=-1)[inside]


@pytest.mark.parametrize("mode", stages.MODES)
def test_every_mode_matches_what_one_pass_can(mode):
    reference, query, turn = _pair(5, 1.1)
    flow, confidence = stages.match(MATCHING, mode, reference, query)
    assert flow.shape == (*SIZE, 2) and confidence.shape == SIZE
    # The scene has no texture, and the inverse search moves 2 px at most.
    largest = 3.5 if mode == "alignment" else 1.5
    assert np.percentile(_errors(flow, turn), 99) < largest


@pytest.mark.parametrize(
    ("mode", "angle", "zoom"),
    [
        ("multi_scale", 0, 0.5),
        ("multi_scale", 0, 1.66),
        ("alignment", 90, 1.0),
        ("alignment", 210, 1.4),
        ("alignment", 30, 2.0),
        ("alignment", 300, 0.5),
    ],
)
def test_modes_reach_further_than_one_pass(mode, angle, zoom):
    reference, query, turn = _pair(angle, zoom)
    direct, confidence = stages.match(MATCHING, "direct", reference, query)
    assert confidence.max() < 0.1
    flow, confidence = stages.match(MATCHING, mode, reference, query)
    assert np.percentile(_errors(flow, turn), 95) < 2.5
    assert np.median(_errors(direct, turn)) > 20


@pytest.mark.parametrize("mode", ["homography", "multi_scale"])
def test_without_matches_the_first_pass_stands(mode):
    reference, query, _ = _pair(90, 1.0)
    flow, confidence = stages.match(MATCHING, mode, reference, query)
    np.testing.assert_array_equal(flow, np.full((*SIZE, 2), 77))
    np.testing.assert_allclose(confidence, 0.01)


def test_confidence_is_that_of_the_pass_taken():
    reference, query, turn = _pair(0, 1.25)
    _, confidence = stages.match(MATCHING, "homography", reference, query)
    grid = views.pixel_grid(SIZE)
    inside = views.is_inside(views.map_points(turn, grid), SIZE)
    assert confidence[inside].mean() > 0.85


def test_confidence_is_converted_to_fractions_of_the_reference():
    scene = _scene()
    # A view of half the size: errors are half as large in the reference.
    enlarged = np.diag([2, 2, 1.0])
    view = views.View(enlarged, enlarged, SIZE)
    for trust, factor in ((GivenTrust(), 1), (ConsistencyTrust(), 2)):
        matching = passes.Matching(
            _network, _network, trust, coloured_scene.features, 100
        )
        seen = passes.look(matching, view, scene, scene)
        answer = passes.answer(matching, seen, scene, scene)
        error = 1 / seen.trust.max() - 1
        np.testing.assert_allclose(
            answer.confidence.max(), 1 / (1 + error / factor), rtol=1e-5
        )


def test_unsure_pixels_follow_the_homography_out_of_the_query():
    flow = np.zeros((*SIZE, 2), np.float32)
    confidence = np.full(SIZE, 0.05, np.float32)
    confidence[:, :100] = 0.9
    shift = np.array([[1, 0, 50], [0, 1, 0], [0, 0, 1.0]])
    found = passes.Answer(flow, confidence, confidence, confidence > 0)
    alignment.extrapolate(found, shift, SIZE)
    # The last 50 columns end outside; those before 100 are sure anyway.
    np.testing.assert_array_equal(flow[:, -50:], np.tile((50, 0), (192, 50, 1)))
    assert not flow[:, :-50].any()
    assert not confidence[:, -50:].any() and (confidence[:, :-50] > 0).all()
