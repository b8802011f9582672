"""Checks of global GOCor against formulas written out a second time."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from gocor_tf.layers.global_gocor import GlobalGOCor
from gocor_tf.ops import correlation
from tests.test_case import TestCase

INITIALIZERS = [
    "simple",
    "flexible_simple",
    "context_aware",
    "flexible_context_aware",
    "zero",
]
OBJECTIVES = [
    *(
        {"v_minus_act": activation, "score_eta": eta}
        for activation in ("sigmoid", "linear", "softplus")
        for eta in (0.0, 0.3)
    ),
    {"reference_objective": "regression"},
]
every_combination = pytest.mark.parametrize(
    ("settings", "query_objective", "initializer"),
    list(itertools.product(OBJECTIVES, (False, True), INITIALIZERS)),
)
with_and_without_query = pytest.mark.parametrize(
    "query_objective", [False, True]
)


def make_features(*shape, seed=0):
    features = np.random.default_rng(seed).normal(size=shape)
    return features / np.linalg.norm(features, axis=-1, keepdims=True)


def make_problem(dtype="float64", **settings):
    """A layer with random weights, reference and query of different sizes."""
    reference = make_features(2, 3, 4, 5).astype(dtype)
    query = make_features(2, 2, 5, 5, seed=1).astype(dtype)
    layer = GlobalGOCor(
        reg_inter_dim=3, reg_output_dim=2, dtype=dtype, **settings
    )
    layer.build(reference.shape, query.shape)
    rng = np.random.default_rng(2)
    for weight in layer.weights:
        change = rng.uniform(-0.3, 0.3, size=weight.shape)
        if weight.name == "log_step_length":
            change = -0.1  # shorter than the minimum along the gradient
        weight.assign(ops.convert_to_numpy(weight) + change)
    reference, query = map(ops.convert_to_tensor, (reference, query))
    return layer, layer.filter_initializer(reference), reference, query


def interpolate(layer, name, distance):
    """Values of a predictor, by interpolation between its bins."""
    values = ops.convert_to_numpy(getattr(layer.distance_predictors, name))
    centres = np.arange(layer.num_dist_bins) * layer.bin_displacement
    return np.interp(distance, centres, values)


def make_maps(layer, height, width):
    """Label, weight and mask between all pairs of cells."""
    cells = np.array(list(itertools.product(range(height), range(width))))
    distance = np.linalg.norm(cells[:, None] - cells[None], axis=-1)
    if layer.reference_objective == "regression":
        return np.eye(len(cells)), 1.0, 1.0
    mask = interpolate(layer, "target_mask_predictor", distance)
    if layer.v_minus_act == "sigmoid":
        mask = 1 / (1 + np.exp(-mask))
    elif layer.v_minus_act == "softplus":
        mask = np.log1p(np.exp(mask))
    label = interpolate(layer, "label_map_predictor", distance)
    weight = interpolate(layer, "spatial_weight_predictor", distance)
    return label, weight, mask


def make_residuals(layer, filter_map, reference, query):
    """All residuals whose half squares are summed, term by term."""
    _, height, width, channels = reference.shape
    filters = tf.reshape(filter_map, (2, height * width, channels))
    features = tf.reshape(reference, (2, height * width, channels))
    scores = tf.matmul(filters, features, transpose_b=True)
    label, weight, mask = make_maps(layer, height, width)
    eta = layer.score_eta
    magnitude = tf.sqrt(scores**2 + eta**2) - eta if eta else tf.abs(scores)
    activated = (1 - mask) / 2 * magnitude + (1 + mask) / 2 * scores
    ridge = ops.convert_to_numpy(layer.filter_reg)[0]
    residuals = {
        "reference": weight * (activated - label),
        "regularization": max(abs(ridge), layer.min_filter_reg) * filters,
    }
    if layer.query_objective:
        volume = tf.einsum("bijc,bklc->bijkl", filter_map, query)
        residuals["query"] = tf.matmul(
            tf.reshape(volume, (2, -1)),
            make_convolution(layer, reference, query),
        )
    return residuals


def make_convolution(layer, reference, query):
    """The query term's convolution as a matrix, from a loop over 4-D taps."""
    weights = map(ops.convert_to_numpy, (layer.weight1, layer.weight2))
    kernel = np.einsum("cdui,abio->abcduo", *weights)
    size = (*reference.shape[1:3], *query.shape[1:3])
    cells = np.eye(np.prod(size)).reshape(-1, *size)
    padded = np.pad(cells, [(0, 0), *[(1, 1)] * 4])[..., None]
    result = 0.0
    for tap in itertools.product(range(3), repeat=4):
        window = (slice(i, i + n) for i, n in zip(tap, size, strict=True))
        result = result + padded[:, *window] @ kernel[tap]
    return result.reshape(len(cells), -1)


def half_power(residual):
    return 0.5 * np.sum(np.reshape(residual, (2, -1)) ** 2, axis=-1)


class LayerTest(TestCase):
    def test_query_objective(self):
        self.run_layer_test(
            GlobalGOCor,
            {"num_iterations": 2, "step_length_reg": 0.1, "reg_inter_dim": 2},
            {
                "reference_features": make_features(2, 3, 4, 8).astype("f"),
                "query_features": make_features(2, 4, 5, 8).astype("f"),
            },
            num_weights=9,
            mixed_tolerance=0.1,
        )

    def test_reference_objective_alone(self):
        self.run_layer_test(
            GlobalGOCor,
            {
                "num_iterations": 1,
                "initializer": "simple",
                "query_objective": False,
                "v_minus_act": "linear",
                "score_eta": 0.1,
            },
            {
                "reference_features": make_features(2, 3, 4, 8).astype("f"),
                "query_features": make_features(2, 4, 5, 8).astype("f"),
            },
            num_weights=6,
            mixed_tolerance=0.1,
        )


@every_combination
def test_gradient_and_step_equal_automatic_differentiation(
    settings, query_objective, initializer
):
    layer, filter_map, reference, query = make_problem(
        query_objective=query_objective, initializer=initializer, **settings
    )
    with tf.GradientTape() as tape:
        tape.watch(filter_map)
        residuals = make_residuals(layer, filter_map, reference, query)
        total = sum(tf.reduce_sum(r**2) / 2 for r in residuals.values())
    gradient = tape.gradient(total, filter_map)
    with tf.autodiff.ForwardAccumulator(filter_map, gradient) as forward:
        residuals = make_residuals(layer, filter_map, reference, query)
    changes = [forward.jvp(residual) for residual in residuals.values()]
    kept = (2, 1) if query_objective else (2, 12)
    power = np.sum(np.reshape(gradient**2, (*kept, -1)), -1)
    curvature = sum(np.sum(np.reshape(c**2, (*kept, -1)), -1) for c in changes)
    step = np.exp(layer.log_step_length.numpy()) * power / curvature
    arguments = filter_map, reference, query
    np.testing.assert_allclose(
        layer.gradient(*arguments), gradient, rtol=1e-8, atol=1e-8
    )
    np.testing.assert_allclose(
        np.reshape(layer.step_length(*arguments), (2, 12)),
        np.broadcast_to(step, (2, 12)),
        rtol=1e-8,
    )


@every_combination
def test_objective_is_what_it_says_and_falls(
    settings, query_objective, initializer
):
    layer, filter_map, reference, query = make_problem(
        query_objective=query_objective, initializer=initializer, **settings
    )
    totals = []
    for number in range(4):
        current = layer.steepest_descent(filter_map, reference, query, number)
        terms = layer.objective(current, reference, query)
        totals.append(ops.convert_to_numpy(terms.pop("total")))
        residuals = make_residuals(layer, current, reference, query)
        assert residuals.keys() == terms.keys()
        for name, residual in residuals.items():
            np.testing.assert_allclose(terms[name], half_power(residual))
    assert np.all(np.diff(totals, axis=0) < 0)


@with_and_without_query
def test_descent_takes_its_steps_along_the_gradient(query_objective):
    layer, filter_map, *features = make_problem(query_objective=query_objective)
    expected = filter_map
    for _ in range(3):
        step = layer.step_length(expected, *features)
        expected = expected - step * layer.gradient(expected, *features)
    np.testing.assert_allclose(
        layer.steepest_descent(filter_map, *features, 3), expected, atol=1e-12
    )


@with_and_without_query
def test_derivatives_through_the_iterations_equal_differences(query_objective):
    """First derivatives of the volume, and second ones of its gradient."""
    layer, _, reference, query = make_problem(
        query_objective=query_objective, score_eta=0.3, num_iterations=2
    )
    direction = tf.constant(make_features(2, 3, 4, 5, seed=3))

    def differentiate(shift):
        point = reference + shift * direction
        with tf.GradientTape() as outer:
            outer.watch(point)
            with tf.GradientTape() as inner:
                inner.watch(point)
                value = tf.reduce_sum(layer(point, query) ** 3)
            slope = tf.reduce_sum(inner.gradient(value, point) * direction)
        bend = tf.reduce_sum(outer.gradient(slope, point) * direction)
        return np.array([value, slope, bend])

    after, before = differentiate(1e-5), differentiate(-1e-5)
    differences = (after - before)[:2] / 2e-5
    np.testing.assert_allclose(differentiate(0.0)[1:], differences, rtol=1e-6)


def test_damping_shortens_the_step():
    plain = make_problem()
    damped = make_problem(step_length_reg=0.1)
    lengths = [
        ops.convert_to_numpy(layer.step_length(*rest))
        for layer, *rest in (plain, damped)
    ]
    factor = np.exp(-0.1)  # the weight log_step_length of both layers
    np.testing.assert_allclose(
        factor / lengths[1], factor / lengths[0] + 0.1, rtol=1e-8
    )


def test_no_iterations_correlate_the_initial_filters():
    layer, filter_map, reference, query = make_problem("float32")
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer(reference, query, num_iterations=0)),
        ops.convert_to_numpy(correlation.global_correlation(filter_map, query)),
        atol=1e-5,
    )


def test_number_of_iterations_of_the_call_overrides_the_constructors():
    layer, _, reference, query = make_problem("float32", num_iterations=2)
    two = ops.convert_to_numpy(layer(reference, query))
    explicit = layer(reference, query, num_iterations=2)
    five = ops.convert_to_numpy(layer(reference, query, num_iterations=5))
    np.testing.assert_array_equal(two, ops.convert_to_numpy(explicit))
    assert np.max(np.abs(two - five)) > 1e-3


@with_and_without_query
def test_distinct_features_match_themselves(query_objective):
    features = np.eye(12, dtype="float32").reshape(1, 3, 4, 12)
    layer = GlobalGOCor(query_objective=query_objective)
    volume = ops.convert_to_numpy(layer(features, features)).reshape(12, 12)
    np.testing.assert_array_equal(np.argmax(volume, axis=-1), np.arange(12))
    others = volume[~np.eye(12, dtype=bool)]
    assert np.min(np.diag(volume)) > 2 * np.max(others)


def test_descent_tells_similar_features_apart():
    features = np.eye(12, dtype="float32")
    features[7] = 0.8 * features[0] + 0.6 * features[7]
    features = features.reshape(1, 3, 4, 12)
    layer = GlobalGOCor(query_objective=False, initializer="simple")
    volumes = [
        ops.convert_to_numpy(
            layer(features, features, num_iterations=number)
        ).reshape(12, 12)
        for number in (0, 3)
    ]
    before, after = (volume[0, 7] / volume[0, 0] for volume in volumes)
    assert before > 0.75
    assert after < 0.25


def test_unit_vector():
    """Scores of a small problem with default weights and given kernels."""
    n = np.arange(24)
    reference = np.sin(1 + 0.9 * n**2).reshape(1, 2, 3, 4)
    query = np.cos(0.5 * n**2).reshape(1, 2, 3, 4)
    reference, query = (
        x / np.sqrt(np.sum(x**2, -1, keepdims=True) + 1e-6)
        for x in (reference, query)
    )
    layer = GlobalGOCor(
        step_length_reg=0.1, reg_inter_dim=2, reg_output_dim=2, dtype="float64"
    )
    layer.build(reference.shape, query.shape)
    kernels = 0.1 * np.cos(np.arange(18)), 0.1 * np.sin(np.arange(36))
    # Written with the output channels first.
    layer.weight1.assign(kernels[0].reshape(2, 1, 3, 3).transpose(2, 3, 1, 0))
    layer.weight2.assign(kernels[1].reshape(2, 2, 3, 3).transpose(2, 3, 1, 0))
    expected = {
        0: [0.800793, 0.003218, -0.592293, -0.037102, 0.037105, 0.940142],
        1: [0.148356, 0.220240, -0.446972, 0.293670, -0.033734, 0.562726],
        3: [0.006368, 0.472999, -0.849792, 0.626998, 0.110060, 0.820847],
    }
    for number, scores in expected.items():
        volume = layer(reference, query, num_iterations=number)
        np.testing.assert_allclose(
            ops.convert_to_numpy(volume)[0, 0, 0], scores, atol=1e-6
        )


def test_half_precision_is_optimized_in_float32():
    layer = GlobalGOCor(dtype="mixed_float16")
    features = 30 * make_features(1, 4, 4, 16)
    volume = layer(features.astype("float16"), features.astype("float16"))
    reference = layer.filter_initializer(features.astype("float16"))
    assert ops.dtype(volume) == "float16"
    assert ops.dtype(reference) == "float32"
    assert np.all(np.isfinite(ops.convert_to_numpy(volume)))


def test_one_cell():
    features = np.ones((1, 1, 1, 4), "float32")
    volume = ops.convert_to_numpy(GlobalGOCor()(features, features))
    assert volume.shape == (1, 1, 1, 1)
    assert np.all(np.isfinite(volume))


def test_label_can_be_frozen():
    layer, *_ = make_problem("float32", train_label_map=False)
    names = [weight.name for weight in layer.non_trainable_weights]
    assert names == ["label_map_predictor"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_iterations", -1),
        ("initializer", "fancy"),
        ("reference_objective", "linear"),
        ("init_step_length", 0),
        ("min_filter_reg", -1),
        ("step_length_reg", -1),
        ("score_eta", -1),
        ("v_minus_act", "tanh"),
        ("reg_kernel_size", 2),
        ("reg_inter_dim", 0),
        ("reg_output_dim", 0),
    ],
)
def test_wrong_argument_is_rejected(name, value):
    with pytest.raises(ValueError, match=f"`{name}` must be .*{name}="):
        GlobalGOCor(**{name: value})


def test_negative_number_of_iterations_in_a_call_is_rejected():
    features = np.zeros((1, 2, 2, 3), "float32")
    with pytest.raises(ValueError, match="`num_iterations` must be >= 0"):
        GlobalGOCor()(features, features, num_iterations=-1)


@pytest.mark.parametrize(
    ("reference_shape", "query_shape", "message"),
    [
        ((1, 2, 2, 3), (1, 2, 2, 4), "`query_features` must have the channels"),
        ((2, 2, 3), (1, 2, 2, 3), "`reference_features` must be"),
        ((1, 2, 2, 3), (2, 2, 3), "`query_features` must be"),
    ],
)
def test_wrong_shapes_are_rejected(reference_shape, query_shape, message):
    with pytest.raises(ValueError, match=message):
        GlobalGOCor()(np.zeros(reference_shape), np.zeros(query_shape))


def test_other_channels_in_a_later_call_are_rejected():
    layer, _, reference, query = make_problem("float32")
    with pytest.raises(ValueError, match="`query_features` must have"):
        layer(reference, keras.ops.concatenate([query, query], axis=-1))
