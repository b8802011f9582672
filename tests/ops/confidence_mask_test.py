import numpy as np
import pytest

from gocor_tf.ops import confidence_mask


def test_each_image_keeps_its_own_most_certain_pixels():
    confidence = np.arange(20, dtype="float32").reshape(2, 2, 5)
    mask = confidence_mask.most_certain_mask(confidence, 30)
    expected = np.zeros((2, 2, 5), bool)
    expected[:, 1, 2:] = True
    np.testing.assert_array_equal(mask, expected)


def test_extremes_keep_the_best_and_everything():
    confidence = np.array([[[0.5, 0.5, 0.1]]], "float32")
    keep = confidence_mask.most_certain_mask
    np.testing.assert_array_equal(keep(confidence, 0), [[[True, True, False]]])
    assert np.all(keep(confidence, 100))


@pytest.mark.parametrize("percent", [-1, 101])
def test_percentage_must_be_one(percent):
    with pytest.raises(ValueError, match="`percent` must be in 0..100"):
        confidence_mask.most_certain_mask(np.zeros((1, 2, 2)), percent)
