import cv2
import numpy as np
import pytest

from gocor_tf.trainers.evaluation import baselines


def _textured(height, width):
    noise = np.random.default_rng(0).uniform(0, 255, (height, width, 3))
    smooth = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 2)
    return cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX).astype("uint8")


CANVAS = _textured(140, 180)
REFERENCE = CANVAS[10:130, 10:170]
SHIFT = (3, -2)
QUERY = CANVAS[12:132, 7:167]


@pytest.mark.parametrize("name", ["dis", "farneback", "sift"])
@pytest.mark.parametrize("query", [QUERY, QUERY[:110, :150], CANVAS[12:, 7:]])
def test_a_shift_is_found_in_a_query_of_any_size(name, query):
    flow = baselines.BASELINES[name](REFERENCE, query).flow
    assert flow.shape == (120, 160, 2) and flow.dtype == np.float32
    middle = flow[30:90, 40:120]
    np.testing.assert_allclose(np.median(middle, axis=(0, 1)), SHIFT, atol=0.1)


@pytest.mark.parametrize("name", ["dis", "farneback", "sift"])
def test_keypoints_follow_the_shift(name):
    estimate = baselines.BASELINES[name](REFERENCE, QUERY)
    reference_points, query_points = estimate.find_keypoints()
    assert len(reference_points) > 20
    shift = np.median(query_points - reference_points, axis=0)
    np.testing.assert_allclose(shift, SHIFT, atol=0.1)


def test_zero_has_neither_motion_nor_keypoints():
    estimate = baselines.match_zero(REFERENCE, QUERY)
    assert not estimate.flow.any()
    assert [len(points) for points in estimate.find_keypoints()] == [0, 0]


def test_sift_without_features_says_zero():
    blank = np.zeros((50, 60, 3), np.uint8)
    for pair in ((blank, blank), (blank, QUERY), (REFERENCE, blank)):
        assert not baselines.match_sift(*pair).flow.any()
