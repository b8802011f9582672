"""Tests of the network families' preprocessing."""

import keras
import numpy as np
import pytest
from keras import ops

from gocor_tf.ops import preprocess

needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="uses tf.function"
)
MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])


def image(height, width, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (1, height, width, 3)).astype("float32")


@pytest.mark.parametrize(
    ("size", "glunet", "pwcnet"),
    [
        ((277, 331), (272, 328), (320, 384)),
        ((120, 300), (256, 296), (128, 320)),
        ((1, 64), (256, 256), (64, 64)),
    ],
)
def test_working_sizes(size, glunet, pwcnet):
    assert preprocess.glunet_size(*size) == glunet
    assert preprocess.pwcnet_size(*size) == pwcnet


def test_glunet_works_at_the_reference_s_size_and_at_256():
    images = preprocess.preprocess_glunet(image(266, 270), image(30, 40))
    assert tuple(images["reference"].shape) == (1, 264, 264, 3)
    assert tuple(images["query"].shape) == (1, 264, 264, 3)
    assert tuple(images["reference_256"].shape) == (1, 256, 256, 3)
    assert tuple(images["query_256"].shape) == (1, 256, 256, 3)


def test_basenet_truncates_grey_levels():
    grey = np.full((1, 256, 256, 3), 99.99, "float32")
    images = preprocess.preprocess_basenet(grey, grey)
    np.testing.assert_allclose(
        images["query"][0, 0, 0], (99 / 255 - MEAN) / STD, rtol=1e-5
    )


def test_pwcnet_has_bgr_images_in_0_to_1():
    blue = np.zeros((1, 64, 64, 3), "uint8")
    blue[..., 2] = 255
    images = preprocess.preprocess_pwcnet(blue, blue)
    np.testing.assert_array_equal(images["reference"][0, 5, 5], [1, 0, 0])


def test_float64_images_stay_so():
    third = np.full((1, 64, 64, 3), 85, "float64")
    images = preprocess.preprocess_pwcnet(third, third)
    np.testing.assert_allclose(images["query"], third / 255, rtol=1e-15)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("uint8", 1e-5), ("float64", 1e-14)]
)
def test_normalization_is_that_of_imagenet(dtype, tolerance):
    grey = np.full((1, 1, 1, 3), 128, dtype)
    np.testing.assert_allclose(
        preprocess.normalize_image(grey)[0, 0, 0],
        (128 / 255 - MEAN) / STD,
        rtol=tolerance,
    )


@needs_tensorflow
@pytest.mark.parametrize(
    "function",
    [
        preprocess.preprocess_glunet,
        preprocess.preprocess_basenet,
        preprocess.preprocess_pwcnet,
    ],
)
def test_sizes_may_be_unknown(function):
    import tensorflow as tf

    shape = tf.TensorSpec((None, None, None, 3))
    traced = tf.function(function, input_signature=[shape, shape])
    reference, query = image(70, 65), image(300, 20, seed=1)
    expected = function(reference, query)
    for name, value in traced(reference, query).items():
        np.testing.assert_allclose(value, expected[name], atol=1e-5)
        assert ops.shape(value)[-1] == 3
