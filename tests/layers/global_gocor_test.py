import keras
import numpy as np
import pytest
from keras import ops

from gocor_tf.layers.global_gocor import GlobalGOCor
from gocor_tf.ops import correlation
from tests.layers.global_gocor_formulas import (
    make_features,
    make_maps,
    make_problem,
)
from tests.test_case import TestCase

with_and_without_query = pytest.mark.parametrize(
    "query_objective", [False, True]
)


class LayerTest(TestCase):
    def test_query_objective(self):
        self.run_layer_test(
            GlobalGOCor,
            {"num_iterations": 1, "step_length_reg": 0.1, "reg_inter_dim": 2},
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


def test_damping_shortens_the_step():
    plain = make_problem()
    damped = make_problem(step_length_reg=0.1)
    lengths = [
        ops.convert_to_numpy(layer.step_length(*rest))
        for layer, *rest in (plain, damped)
    ]
    factor = np.exp(-0.1)  # the weight log_step_length of both layers
    np.testing.assert_allclose(
        factor / lengths[1], factor / lengths[0] + 0.1, rtol=1e-5
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
    np.testing.assert_allclose(np.diag(volume), 1, atol=1e-3)


def test_scores_of_distinct_features_tend_to_the_label():
    features = np.eye(12, dtype="float32").reshape(1, 3, 4, 12)
    layer = GlobalGOCor(query_objective=False, num_iterations=50)
    volume = ops.convert_to_numpy(layer(features, features)).reshape(12, 12)
    label, _, _ = make_maps(layer, 3, 4)
    # Negative scores hardly count.
    np.testing.assert_allclose(np.maximum(volume, 0), label, atol=0.01)


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
