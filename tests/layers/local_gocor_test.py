"""Tests of local GOCor against its objective, written out naively."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from gocor_tf.layers.local_gocor import LocalGOCor
from gocor_tf.ops import correlation
from tests.layers.local_gocor_formulas import naive_residuals
from tests.test_case import TestCase

RADIUS = 2
OBJECTIVES = {
    "robust": {},
    "smooth": {"score_eta": 0.3},
    "regression": {"reference_objective": "regression"},
    "query": {"query_objective": True, "reg_inter_dim": 2, "reg_output_dim": 3},
    "smooth query": {"query_objective": True, "score_eta": 0.3},
}
COMBINATIONS = list(
    itertools.product(
        OBJECTIVES,
        ["sigmoid", "linear", "softplus"],
        ["simple", "context_aware", "flexible_context_aware", "zero"],
    )
)


def features(*shape, seed=0):
    generator = np.random.default_rng(seed)
    return [tf.constant(generator.standard_normal(shape)) for _ in range(2)]


def create(channels=3, seed=1, **arguments):
    """A float64 layer with random weights near their initial values."""
    layer = LocalGOCor(**{"radius": RADIUS, "dtype": "float64", **arguments})
    shape = (None, None, None, channels)
    layer.build(shape, shape)
    generator = np.random.default_rng(seed)
    for weight in layer.weights:
        noise = generator.standard_normal(weight.shape)
        weight.assign_add(0.2 * noise)
    layer.log_step_length.assign([0.0])
    return layer


@pytest.mark.parametrize("objective, v_minus_act, initializer", COMBINATIONS)
def test_gradient_and_step_equal_automatic_differentiation(
    objective, v_minus_act, initializer
):
    layer = create(
        initializer=initializer,
        v_minus_act=v_minus_act,
        **OBJECTIVES[objective],
    )
    reference, query = features(2, 5, 9, 3)
    filter_map = layer.filter_initializer(reference)
    with tf.GradientTape() as tape:
        tape.watch(filter_map)
        residuals = naive_residuals(layer, filter_map, reference, query)
        loss = 0.5 * tf.reduce_sum(residuals**2)
    expected = tape.gradient(loss, filter_map)
    with tf.autodiff.ForwardAccumulator(filter_map, expected) as accumulator:
        residuals = naive_residuals(layer, filter_map, reference, query)
    axes = (1, 2, 3) if layer.query_objective else 3
    curvature = tf.reduce_sum(
        accumulator.jvp(residuals) ** 2, axes, keepdims=True
    )
    power = tf.reduce_sum(expected**2, axes, keepdims=True)
    maps = (filter_map, reference, query)
    np.testing.assert_allclose(
        layer.gradient(*maps), expected, rtol=1e-8, atol=1e-8
    )
    step_length = layer.step_length(*maps)
    np.testing.assert_allclose(
        step_length,
        np.broadcast_to(power / curvature, step_length.shape),
        rtol=1e-8,
    )


@pytest.mark.parametrize("objective, v_minus_act, initializer", COMBINATIONS)
def test_objective_falls_at_each_iteration(objective, v_minus_act, initializer):
    layer = create(
        initializer=initializer,
        v_minus_act=v_minus_act,
        **OBJECTIVES[objective],
    )
    maps = features(2, 5, 9, 3)
    start = layer.filter_initializer(maps[0])
    totals = []
    for num_iterations in range(4):
        filter_map = layer.steepest_descent(start, *maps, num_iterations)
        totals.append(layer.objective(filter_map, *maps)["total"].numpy())
    assert (np.diff(totals, axis=0) < 0).all(), totals


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_objective_equals_its_definition(objective):
    layer = create(**OBJECTIVES[objective])
    reference, query = features(2, 5, 9, 3)
    filter_map = query + 1
    terms = layer.objective(filter_map, reference, query)
    residuals = naive_residuals(layer, filter_map, reference, query)
    np.testing.assert_allclose(
        terms["total"], tf.reduce_sum(residuals**2, (1, 2, 3)) / 2, rtol=1e-12
    )
    parts = {"reference", "regularization"}
    parts |= {"query"} if layer.query_objective else set()
    assert set(terms) == parts | {"total"}


@pytest.mark.parametrize("objective", ["robust", "query"])
def test_samples_do_not_influence_each_other(objective):
    layer = create(**OBJECTIVES[objective])
    reference, query = features(3, 5, 9, 3)
    np.testing.assert_allclose(
        layer(reference, query)[1:2],
        layer(reference[1:2], query[1:2]),
        rtol=0,
        atol=1e-12,
    )


@pytest.mark.parametrize(
    "num_iterations, expected",
    [
        (0, [0.749472, 0.157069, -0.508350, 0.438874, 0.465268]),
        (1, [0.147108, 0.438373, -0.364693, -0.464293, 0.467780]),
        (3, [0.045435, 0.583021, -0.786981, -1.284698, -0.005654]),
    ],
)
def test_published_values(num_iterations, expected):
    n = np.arange(24.0).reshape(1, 2, 3, 4)
    layer = LocalGOCor(num_iterations, dtype="float64")
    volume = ops.convert_to_numpy(
        layer(np.sin(1 + 0.9 * n**2), np.cos(0.5 * n**2))
    )
    actual = [*volume[0, 0, 0, 40:43], volume[0, 1, 2, 40], volume.sum()]
    np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-6)


def test_no_iterations_correlate_the_initial_filters():
    layer = create(num_iterations=0)
    reference, query = features(1, 5, 9, 3)
    filter_map = layer.filter_initializer(reference)
    np.testing.assert_allclose(
        layer(reference, query),
        correlation.local_correlation(filter_map, query, RADIUS),
        rtol=1e-12,
    )


def test_call_argument_overrides_the_number_of_iterations():
    maps = features(1, 5, 9, 3)
    np.testing.assert_array_equal(
        create(num_iterations=3)(*maps, num_iterations=1),
        create(num_iterations=1)(*maps),
    )


def test_one_layer_serves_features_of_any_channels():
    layer = create(channels=3)
    for channels in (3, 5):
        reference, query = features(1, 4, 4, channels)
        same = create(channels=channels)
        np.testing.assert_array_equal(
            layer(reference, query), same(reference, query)
        )


def test_scores_of_similar_features_fall_below_those_of_correlation():
    generator = np.random.default_rng(0)
    common = generator.standard_normal((1, 1, 1, 32))
    own = generator.standard_normal((1, 12, 12, 32))
    texture = tf.constant(common + 0.5 * own, tf.float32)
    wrong = []
    for num_iterations in (0, 3):
        volume = LocalGOCor(num_iterations)(texture, texture)[0, 4:8, 4:8]
        others = np.delete(volume, 40, axis=-1)
        wrong.append(np.mean(others.max(-1) / volume[..., 40]))
    assert wrong[0] > 0.9
    assert wrong[1] < 0.7, wrong


def test_ridge_below_its_minimum_has_no_gradient():
    layer = create(init_filter_reg=1e-3, min_filter_reg=2.0)
    maps = features(1, 4, 4, 3)
    layer.filter_reg.assign([1.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(*maps) ** 2)
    np.testing.assert_array_equal(tape.gradient(loss, layer.filter_reg), [0])


def test_step_length_reg_adds_curvature():
    maps = features(1, 4, 4, 3)
    filter_map = maps[0]
    plain, shorter = (
        create(step_length_reg=value).step_length(filter_map, *maps)
        for value in (0.0, 0.5)
    )
    np.testing.assert_allclose(1 / shorter, 1 / plain + 0.5, rtol=1e-10)


def test_descends_in_float32_under_a_16_bit_policy():
    maps = [tf.cast(x, tf.float16) for x in features(1, 9, 9, 64)]
    layer = LocalGOCor(dtype="mixed_float16")
    volume = layer(*maps)
    expected = LocalGOCor()(*(tf.cast(x, tf.float32) for x in maps))
    assert volume.dtype == tf.float16
    np.testing.assert_allclose(volume, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"num_iterations": -1}, "`num_iterations` must be >= 0. Received"),
        ({"radius": 0}, "`radius` must be > 0. Received: radius=0"),
        ({"init_step_length": 0}, "`init_step_length` must be > 0. Received"),
        ({"score_eta": -1}, "`score_eta` must be >= 0. Received"),
        ({"reference_objective": "huber"}, "`reference_objective` must be"),
        ({"reg_kernel_size": 2}, "`reg_kernel_size` must be odd"),
        ({"initializer": "random"}, "`initializer` must be one of"),
        ({"v_minus_act": "relu"}, "`v_minus_act` must be"),
    ],
)
def test_rejects_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        LocalGOCor(**arguments)


def test_rejects_a_negative_number_of_iterations_at_call():
    with pytest.raises(ValueError, match="`num_iterations` must be >= 0"):
        create()(*features(1, 4, 4, 3), num_iterations=-1)


def test_rejects_features_that_do_not_fit():
    with pytest.raises(ValueError, match="`query_features` must have the ch"):
        LocalGOCor()(tf.ones((1, 4, 4, 3)), tf.ones((1, 4, 4, 2)))


class LocalGOCorTest(TestCase):
    def setUp(self):
        super().setUp()
        generator = np.random.default_rng(0)
        self.features = {
            name: generator.standard_normal((2, 9, 6, 4)).astype("float32")
            for name in ("reference_features", "query_features")
        }

    def test_layer(self):
        self.run_layer_test(
            LocalGOCor,
            {"radius": 1, "num_iterations": 2},
            self.features,
            num_weights=6,
        )

    def test_layer_with_query_objective(self):
        self.run_layer_test(
            LocalGOCor,
            {"radius": 1, "num_iterations": 2, "query_objective": True},
            self.features,
            num_weights=8,
        )
