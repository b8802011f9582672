import cv2
import numpy as np
import pytest

from gocor_tf import views, voting

RNG = np.random.default_rng(0)


def _unit(features):
    return features / np.linalg.norm(features, axis=-1, keepdims=True)


def test_votes_find_the_shift():
    large = _unit(RNG.normal(size=(12, 14, 32)))
    small = large[3:8, 5:11]
    votes, shift = voting.count_votes(large, small, np.ones((5, 6), bool))
    assert votes == 30
    np.testing.assert_array_equal(shift, (5, 3))


def test_masked_cells_do_not_vote():
    large = _unit(RNG.normal(size=(12, 14, 32)))
    mask = np.zeros((5, 6), bool)
    mask[2:4] = True
    assert voting.count_votes(large, large[3:8, 5:11], mask)[0] == 12
    assert voting.count_votes(large, large[3:8, 5:11], mask & False)[0] == 0


def _orientations(images):
    """Histograms of gradients: features that know turn and size."""
    features = []
    for image in images:
        grey = cv2.GaussianBlur(image.astype(np.float32).mean(-1), (0, 0), 2)
        blocks = grey[: grey.shape[0] // 16 * 16, : grey.shape[1] // 16 * 16]
        height, width = np.array(blocks.shape) // 16
        cells = blocks.reshape(height, 16, width, 16).swapaxes(1, 2)
        cells = cells.reshape(height, width, 4, 4, 4, 4).mean((3, 5))
        cells = cells.reshape(height, width, 16)
        features.append(cells - cells.mean(-1, keepdims=True))
    return np.stack(features)


@pytest.mark.parametrize(("angle", "zoom"), [(90, 2.0), (210, 1.0), (0, 0.5)])
def test_turn_and_zoom_are_found(angle, zoom):
    scene = RNG.integers(0, 255, (24, 24, 3), np.uint8)
    reference = cv2.resize(scene, (512, 512), interpolation=cv2.INTER_CUBIC)
    turn = np.vstack(
        [cv2.getRotationMatrix2D((255.5, 255.5), angle, zoom), [0, 0, 1]]
    )
    query = views.warp_image(reference, turn, (512, 512))
    best = voting.find_similarities(_orientations, reference, query)[0]
    points = np.array([[255, 255], [300, 255], [255, 300]])
    error = views.map_points(best.homography, points) - views.map_points(
        turn, points
    )
    assert np.abs(error).max() < 40


def test_a_part_is_found_where_it_went():
    scene = RNG.integers(0, 255, (24, 24, 3), np.uint8)
    reference = cv2.resize(scene, (512, 512), interpolation=cv2.INTER_CUBIC)
    move = np.array([[1.4, 0, -60], [0, 1.4, -90], [0, 0, 1]])
    query = views.warp_image(reference, move, (512, 512))
    part = reference[100:356, 120:376]
    sizes = voting.see_sizes(_orientations, query, [1, 2**0.5, 2, 8])
    # The last one is too large.
    assert len(sizes) == 3
    best = voting.find_part(_orientations, part, sizes)[0]
    points = np.array([[0, 0], [255, 0], [0, 255]])
    error = views.map_points(best.homography, points) - views.map_points(
        move, points + [120, 100]
    )
    assert np.abs(error).max() < 40
