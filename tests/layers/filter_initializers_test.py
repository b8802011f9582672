import keras
import numpy as np
import pytest

from gocor_tf.layers import filter_initializers
from tests.test_case import TestCase

GLOBAL = sorted(filter_initializers.GLOBAL_INITIALIZERS)
LOCAL = sorted(filter_initializers.LOCAL_INITIALIZERS)


def random_features(channels=6):
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, 4, 5, channels)).astype("float32")


def filter_map(layer, features):
    return keras.ops.convert_to_numpy(layer(features)).astype("float32")


class LayerTest(TestCase):
    def test_flexible_context_aware_layer(self):
        self.run_layer_test(
            filter_initializers.FlexibleContextAwareInitializer,
            {},
            {"reference_features": random_features()},
            num_weights=2,
            mixed_tolerance=0.05,
        )

    def test_local_flexible_context_aware_layer(self):
        self.run_layer_test(
            filter_initializers.LocalFlexibleContextAwareInitializer,
            {"background_area": "image"},
            {"reference_features": random_features()},
            num_weights=2,
            mixed_tolerance=0.05,
        )


@pytest.mark.parametrize("name", ["simple", "flexible_simple"])
def test_simple_filters_score_one_on_their_own_feature(name):
    features = random_features()
    filters = filter_map(filter_initializers.get_global(name), features)
    np.testing.assert_allclose(np.sum(filters * features, -1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ["context_aware", "flexible_context_aware"])
def test_context_aware_filters_score_one_and_zero(name):
    features = random_features()
    background = features.mean((1, 2), keepdims=True)
    filters = filter_map(filter_initializers.get_global(name), features)
    np.testing.assert_allclose(np.sum(filters * features, -1), 1, atol=1e-4)
    np.testing.assert_allclose(np.sum(filters * background, -1), 0, atol=1e-4)


def test_local_simple_filters_score_one_on_their_own_feature():
    features = random_features()
    filters = filter_map(filter_initializers.get_local("simple"), features)
    np.testing.assert_allclose(np.mean(filters * features, -1), 1, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "area", "axes"),
    [
        ("context_aware", "image", (1, 2)),
        ("context_aware", "column", (1,)),
        ("flexible_context_aware", "image", (1, 2)),
        ("flexible_context_aware", "column", (1,)),
    ],
)
def test_local_context_aware_filters_score_one_and_zero(name, area, axes):
    features = random_features()
    background = features.mean(axes, keepdims=True)
    layer = filter_initializers.get_local(name, background_area=area)
    filters = filter_map(layer, features)
    np.testing.assert_allclose(np.mean(filters * features, -1), 1, atol=1e-3)
    np.testing.assert_allclose(np.mean(filters * background, -1), 0, atol=1e-3)


@pytest.mark.parametrize(
    ("create", "name"),
    [
        *((filter_initializers.get_global, name) for name in GLOBAL),
        *((filter_initializers.get_local, name) for name in LOCAL),
    ],
)
def test_equal_features_and_zero_features_give_finite_filters(create, name):
    for value in (0.0, 0.3):
        features = np.full((1, 3, 3, 4), value, "float32")
        assert np.all(np.isfinite(filter_map(create(name), features)))


def test_half_precision_is_computed_in_float32():
    layer = filter_initializers.FlexibleContextAwareInitializer(
        dtype="mixed_float16"
    )
    features = 30 * random_features(channels=64)  # squares overflow float16
    filters = filter_map(layer, features.astype("float16"))
    scores = np.sum(filters * features, -1)
    np.testing.assert_allclose(scores, 1, atol=0.02)


@pytest.mark.parametrize(
    "create", [filter_initializers.get_global, filter_initializers.get_local]
)
def test_unknown_name_lists_the_known_ones(create):
    with pytest.raises(ValueError, match="`initializer` must be.*'simple'"):
        create("fancy")


def test_wrong_rank_is_rejected():
    with pytest.raises(ValueError, match="`reference_features` must be"):
        filter_initializers.SimpleInitializer()(np.zeros((4, 5, 6)))


def test_unknown_channels_are_rejected():
    with pytest.raises(ValueError, match="known number of channels"):
        filter_initializers.SimpleInitializer()(keras.Input((4, 5, None)))


@pytest.mark.parametrize("name", ["context_aware", "flexible_context_aware"])
def test_unknown_background_area_is_rejected(name):
    with pytest.raises(ValueError, match="`background_area` must be"):
        filter_initializers.get_local(name, background_area="row")
