"""Tests of L2 normalization."""

import keras
import numpy as np
from keras import ops

from gocor_tf.ops import normalization


def test_features_get_unit_length():
    features = np.array([[3.0, 4.0], [0.0, 0.0]], "float32")
    np.testing.assert_allclose(
        normalization.feature_l2_norm(features), [[0.6, 0.8], [0, 0]]
    )


def test_the_epsilon_is_inside_the_root():
    features = np.array([[1e-3, 0.0]], "float32")
    np.testing.assert_allclose(
        normalization.feature_l2_norm(features), [[0.5**0.5, 0]], rtol=1e-6
    )


def test_large_16_bit_features_do_not_overflow():
    features = ops.full((1, 512), 30, dtype="float16")
    norm = normalization.feature_l2_norm(features)
    assert keras.backend.standardize_dtype(norm.dtype) == "float16"
    np.testing.assert_allclose(norm, np.full((1, 512), 512**-0.5), rtol=1e-3)


def test_relu_comes_before_normalization():
    scores = np.array([[[[-5.0, 3.0, 4.0]]]], "float32")
    np.testing.assert_allclose(
        normalization.relu_l2_norm(scores), [[[[0, 0.6, 0.8]]]], rtol=1e-6
    )
