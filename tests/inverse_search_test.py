import cv2
import numpy as np

from gocor_tf import inverse_search

SIZE = (96, 128)


def _pair(shift):
    """Returns a textured image, and what it shows further right and down."""
    noise = np.random.default_rng(0).uniform(0, 255, (160, 192, 3))
    scene = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 2.0)
    scene = cv2.normalize(scene, None, 0, 255, cv2.NORM_MINMAX)
    x, y = 32 - np.array(shift, np.float32)
    query = cv2.getRectSubPix(
        scene.astype(np.uint8), SIZE[::-1], (x + 63.5, y + 47.5)
    )
    return scene.astype(np.uint8)[32:128, 32:160], query


def test_a_rough_flow_becomes_exact():
    reference, query = _pair((1.3, -0.6))
    refined = inverse_search.refine(
        reference, query, np.zeros((*SIZE, 2), np.float32), np.ones(SIZE)
    )
    error = np.linalg.norm(refined - (1.3, -0.6), axis=-1)[8:-8, 8:-8]
    assert np.median(error) < 0.1


def test_a_flow_known_surely_is_not_led_away():
    reference, query = _pair((6.0, 0.0))
    flow = np.zeros((*SIZE, 2), np.float32)
    kept = inverse_search.refine(reference, query, flow, np.zeros(SIZE))
    assert np.linalg.norm(kept, axis=-1).max() <= 2.0
    moved = inverse_search.refine(reference, query, flow, np.full(SIZE, 5.0))
    assert np.median(moved[8:-8, 8:-8, 0]) > 5.9


def test_tiny_images_keep_their_flow():
    image = np.zeros((40, 200, 3), np.uint8)
    flow = np.ones((40, 200, 2), np.float32)
    refined = inverse_search.refine(image, image, flow, np.ones((40, 200)))
    np.testing.assert_array_equal(refined, flow)
