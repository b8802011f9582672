import numpy as np
import pytest
from keras import ops

from gocor_tf.layers.distance_predictors import DistancePredictors
from tests.test_case import TestCase

BIN_CENTRES = np.arange(10) / 2


class LayerTest(TestCase):
    def test_layer(self):
        self.run_layer_test(
            DistancePredictors,
            {"v_minus_act": "softplus", "num_dist_bins": 5},
            {"distance": 6 * np.random.default_rng(0).random((2, 3, 4), "f")},
            num_weights=3,
        )


def predict(distance, **kwargs):
    maps = DistancePredictors(**kwargs)(np.asarray(distance, "float32"))
    return [ops.convert_to_numpy(values) for values in maps]


def test_initial_label_is_a_gaussian_that_ends_at_zero():
    label, _, _ = predict(BIN_CENTRES)
    expected = np.exp(-(BIN_CENTRES**2) / 2)
    np.testing.assert_allclose(label, expected - expected[-1], atol=1e-6)


def test_no_sigma_starts_from_the_cell_alone():
    label, _, _ = predict(BIN_CENTRES, init_gauss_sigma=0)
    np.testing.assert_array_equal(label, [1] + 9 * [0])


def test_initial_weight_is_one():
    _, weight, _ = predict([0.0, 0.3, 100.0])
    np.testing.assert_allclose(weight, 1)


@pytest.mark.parametrize("activation", ["sigmoid", "linear", "softplus"])
def test_initial_mask_does_not_depend_on_its_activation(activation):
    _, _, mask = predict(BIN_CENTRES[:6], v_minus_act=activation)
    expected = [0.979288, 0.973931, 0.954626, 0.863947, 0.5, 0.136053]
    np.testing.assert_allclose(mask, expected, atol=1e-5)


def test_values_between_the_bins_are_interpolated():
    layer = DistancePredictors(bin_displacement=0.5, num_dist_bins=4)
    layer.build((None,))
    layer.label_map_predictor.assign([3.0, -1.0, 0.5, 2.0])
    distance = np.linspace(0, 3, 13)
    label = ops.convert_to_numpy(layer(distance)[0])
    expected = np.interp(distance, [0, 0.5, 1, 1.5], [3.0, -1.0, 0.5, 2.0])
    np.testing.assert_allclose(label, expected, atol=1e-6)


def test_label_can_be_frozen():
    layer = DistancePredictors(train_label_map=False)
    layer.build((None,))
    names = [weight.name for weight in layer.trainable_weights]
    assert names == ["spatial_weight_predictor", "target_mask_predictor"]


def test_half_precision_is_computed_in_float32():
    label, _, _ = DistancePredictors(dtype="mixed_bfloat16")(BIN_CENTRES)
    assert ops.dtype(label) == "float32"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_dist_bins", 1),
        ("bin_displacement", 0),
        ("init_gauss_sigma", -1),
        ("v_minus_act", "tanh"),
    ],
)
def test_wrong_argument_is_rejected(name, value):
    with pytest.raises(ValueError, match=f"`{name}` must be .*{name}="):
        DistancePredictors(**{name: value})
