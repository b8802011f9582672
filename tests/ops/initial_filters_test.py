import numpy as np
import pytest
from keras import ops

from gocor_tf.ops import initial_filters

FEATURES = np.random.default_rng(0).normal(size=(1, 2, 3, 4)).astype("float32")


def test_scaling_is_the_score():
    filters = initial_filters.simple_filters(FEATURES, 2.5)
    scores = np.sum(ops.convert_to_numpy(filters) * FEATURES, axis=-1)
    np.testing.assert_allclose(scores, 2.5, rtol=1e-5)


def test_targets_are_the_scores():
    filters = initial_filters.context_aware_filters(FEATURES, 2.0, 0.5)
    filters = ops.convert_to_numpy(filters)
    background = FEATURES.mean((1, 2), keepdims=True)
    np.testing.assert_allclose(np.sum(filters * FEATURES, -1), 2, atol=1e-4)
    np.testing.assert_allclose(np.sum(filters * background, -1), 0.5, atol=1e-4)


@pytest.mark.parametrize(("area", "axes"), [("image", (1, 2)), ("column", 1)])
def test_local_targets_are_mean_scores(area, axes):
    filters = initial_filters.local_context_aware_filters(
        FEATURES, 2.0, 0.5, area
    )
    filters = ops.convert_to_numpy(filters)
    background = FEATURES.mean(axes, keepdims=True)
    np.testing.assert_allclose(np.mean(filters * FEATURES, -1), 2, atol=1e-3)
    np.testing.assert_allclose(
        np.mean(filters * background, -1), 0.5, atol=1e-3
    )


def test_local_scaling_is_the_mean_score():
    filters = initial_filters.local_simple_filters(FEATURES, 2.5)
    scores = np.mean(ops.convert_to_numpy(filters) * FEATURES, axis=-1)
    np.testing.assert_allclose(scores, 2.5, rtol=1e-4)
