"""Large pairs, with a network that reads matches off colours.

The scene's colours are its coordinates. The network errs by the same number of
pixels in whatever it sees: less of the scene, where it sees it larger.
"""

import itertools
import math

import cv2
import numpy as np
import pytest

from gocor_tf import image_tiles, passes, stages, views, working_size
from gocor_tf.trust import ConsistencyTrust, GivenTrust

SIZE = (300, 420)
TURN = np.array([[1.02, 0.05, -9.3], [-0.05, 1.02, 12.7], [0, 0, 1]])
MAX_PIXELS = 180**2
ERROR = 0.8


def _scene(homography):
    """Returns an image of the scene; where it is blue it shows any of it."""
    points = views.map_points(np.linalg.inv(homography), views.pixel_grid(SIZE))
    colors = np.dstack([points / 2, np.full(SIZE, 255)])
    inside = views.is_inside(points, SIZE)
    return (colors * inside[..., None]).round().clip(0, 255).astype(np.uint8)


REFERENCE, QUERY = _scene(np.eye(3)), _scene(TURN)


def _to_scene(image):
    """Returns the affine map from the pixels of an image to the scene."""
    shown = image[..., 2] == 255
    points = views.pixel_grid(image.shape[:2])[shown]
    design = np.column_stack([points, np.ones(len(points))])
    colors = 2 * image[shown][:, :2].astype(float)
    solution = np.linalg.lstsq(design, colors, rcond=None)[0]
    return np.vstack([solution.T, [0, 0, 1]])


class _Network:
    """Errs to the left and to the right in turn; keeps the sizes it saw."""

    def __init__(self):
        self.sizes = []
        self._errors = itertools.cycle([ERROR, -ERROR])

    def __call__(self, reference, query):
        self.sizes += [reference.shape[:2], query.shape[:2]]
        relative = np.linalg.inv(_to_scene(query)) @ _to_scene(reference)
        grid = views.pixel_grid(reference.shape[:2])
        flow = views.map_points(relative, grid) - grid
        flow[..., 0] += next(self._errors)
        sure = np.where(reference[..., 2:] == 255, 0.9, 0.01)
        return flow.astype(np.float32), sure.astype(np.float32)


def _match(network, mode="direct", trust=None, images=(REFERENCE, QUERY)):
    matching = passes.Matching(
        network, network, trust or GivenTrust(), None, 1000, MAX_PIXELS
    )
    return stages.match(matching, mode, *images)


def _errors(flow):
    """Returns by how much x errs, and where the match is in the query."""
    grid = views.pixel_grid(SIZE)
    truth = views.map_points(TURN, grid)
    return (grid + flow - truth)[..., 0], views.is_inside(truth, SIZE)


@pytest.mark.parametrize("mode", stages.MODES)
def test_the_network_sees_no_more_than_the_limit(mode):
    network = _Network()
    flow, confidence = _match(network, mode)
    assert flow.shape == (*SIZE, 2) and flow.dtype == np.float32
    assert confidence.shape == SIZE and confidence.dtype == np.float32
    assert max(math.prod(size) for size in network.sizes) <= MAX_PIXELS
    # The shrunk pair at least, and 2 x 3 tiles.
    assert len(network.sizes) >= 2 * (1 + 6)


def test_a_large_query_alone_is_shrunk_as_well():
    network = _Network()
    small = REFERENCE[60:200, 80:260]
    flow, _ = _match(network, images=(small, QUERY))
    assert max(math.prod(size) for size in network.sizes) <= MAX_PIXELS
    grid = views.pixel_grid(small.shape[:2])
    truth = views.map_points(TURN, grid + [80, 60])
    assert np.abs(grid + flow - truth).max() < 2.1 * ERROR


def test_a_query_that_shows_a_tile_much_larger_is_shrunk():
    # Turned, it fills its own grid better than that of the reference.
    turn = cv2.getRotationMatrix2D((90, 85), 30, 3)
    turn[:, 2] += (120, 65)
    query = views.warp_image(REFERENCE, np.vstack([turn, [0, 0, 1]]), SIZE)
    network = _Network()
    _match(network, images=(REFERENCE[:170, :180], query))
    assert len(network.sizes) > 2
    assert max(math.prod(size) for size in network.sizes) <= MAX_PIXELS


@pytest.mark.parametrize("mode", ["direct", "homography", "multi_scale"])
def test_tiles_err_less_than_the_shrunk_pair(mode):
    errors, inside = _errors(_match(_Network(), mode)[0])
    stretch = working_size.shrink_to(MAX_PIXELS, REFERENCE, QUERY)
    flow, _ = _Network()(*stretch.show(REFERENCE, QUERY))
    shrunk, _ = _errors(stretch.bring_back_flow(flow))
    np.testing.assert_allclose(shrunk[inside], ERROR * stretch.pixel, atol=0.3)
    assert np.abs(errors[inside]).mean() < 0.6 * np.abs(shrunk[inside]).mean()


def test_no_seam_shows_between_tiles():
    errors, inside = _errors(_match(_Network())[0])
    # Neighbours differ by 2 * ERROR, but for the share of the shrunk pair.
    assert errors[inside].min() < -0.4 * ERROR
    assert errors[inside].max() > 0.8 * ERROR
    for axis in (0, 1):
        steps = np.abs(np.diff(errors, axis=axis))
        both = np.minimum(*_neighbours(inside, axis)) > 0
        # The query's border is no seam.
        both &= np.minimum(*_neighbours(_far_inside(), axis)) > 0
        assert steps[both].max() < 0.2


def _far_inside():
    truth = views.map_points(TURN, views.pixel_grid(SIZE)) - 12
    return views.is_inside(truth, (SIZE[0] - 24, SIZE[1] - 24))


def _neighbours(values, axis):
    values = np.moveaxis(values.astype(int), axis, 0)
    return [np.moveaxis(part, 0, axis) for part in (values[1:], values[:-1])]


def test_a_tiles_consistency_is_in_fractions_of_the_reference():
    _, confidence = _match(_Network(), trust=ConsistencyTrust())
    # 0.9 in a tile of 0.4 times the reference's sides, which has most weight.
    assert 0.94 < np.median(confidence) < 0.97


def test_without_sure_matches_the_shrunk_pair_stands():
    def network(reference, query):
        flow = np.full((*reference.shape[:2], 2), 3, np.float32)
        return flow, np.full((*reference.shape[:2], 1), 0.01, np.float32)

    flow, confidence = _match(network)
    scale = np.sqrt(SIZE[0] * SIZE[1] / MAX_PIXELS)
    np.testing.assert_allclose(flow, np.full_like(flow, 3 * scale), rtol=0.01)
    np.testing.assert_allclose(confidence, 0.01)


def test_tiles_cover_an_image_and_overlap():
    boxes = image_tiles.boxes((300, 700), 280)
    assert len(boxes) == 6
    covered = np.zeros((300, 700), int)
    for box in boxes:
        covered[box] += 1
    assert covered.min() == 1 and covered.max() == 4
    sides = [columns.stop - columns.start for _, columns in boxes]
    assert max(sides) - min(sides) <= 1 and max(sides) <= 280
    overlap = boxes[0][1].stop - boxes[1][1].start
    np.testing.assert_allclose(overlap, 0.2 * sides[0], atol=1)


@pytest.mark.parametrize("size", [(100, 80), (64, 100)])
def test_small_images_are_one_tile(size):
    (box,) = image_tiles.boxes(size, 100)
    assert box == (slice(0, size[0]), slice(0, size[1]))


def test_tapers_add_up_to_one():
    size = (300, 700)
    total = np.zeros(size)
    for box in image_tiles.boxes(size, 280):
        total[box] += image_tiles.taper(box, size)
    np.testing.assert_allclose(total, 1, atol=0.03)


def _answer(size, x, sharpness):
    return passes.Answer(
        np.full((*size, 2), (x, 0), np.float32),
        np.full(size, sharpness, np.float32),
        np.full(size, sharpness, np.float32),
        np.ones(size, bool),
    )


BOX = slice(10, 20), slice(30, 50)


@pytest.mark.parametrize(
    ("x", "sharpness", "expected", "confidence"),
    [
        # They agree: the mean by weights.
        (2.0, 0.6, 1.5, 0.5),
        (2.0, 0.2, 1.0, 0.2),
        # They do not: the surer one, and nothing in between.
        (9.0, 0.6, 9.0, 0.6),
        (9.0, 0.1, 0.0, 0.2),
    ],
)
def test_answers_are_blended_or_the_surer_one_stands(
    x, sharpness, expected, confidence
):
    found = _answer((40, 60), 0, 0.2)
    tile = _answer((10, 20), x, sharpness)
    image_tiles.blend(found, tile, BOX, np.ones((10, 20), np.float32))
    np.testing.assert_allclose(found.flow[BOX][..., 0], expected, rtol=1e-6)
    np.testing.assert_allclose(found.confidence[BOX], confidence, rtol=1e-6)
    found.flow[BOX] = 0
    assert not found.flow.any()


def test_what_a_tile_does_not_know_stays():
    found = _answer((40, 60), 0, 0.2)
    tile = _answer((10, 20), 1, 0.9)
    tile.known[:] = False
    image_tiles.blend(found, tile, BOX, np.ones((10, 20), np.float32))
    assert not found.flow.any()
    np.testing.assert_array_equal(found.confidence, np.float32(0.2))
