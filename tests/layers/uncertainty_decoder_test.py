import numpy as np
import pytest

from gocor_tf.layers.uncertainty_decoder import UncertaintyDecoder
from tests.test_case import TestCase


def _inputs():
    rng = np.random.default_rng(0)
    return {"inputs": rng.normal(size=(2, 5, 7, 12)).astype("float32")}


class UncertaintyDecoderTest(TestCase):
    def test_two_modes(self):
        self.run_layer_test(
            UncertaintyDecoder, {"width": 0.25}, _inputs(), num_weights=14
        )

    def test_three_modes_without_normalization(self):
        self.run_layer_test(
            UncertaintyDecoder,
            {"num_modes": 3, "width": 0.25, "batch_norm": False},
            _inputs(),
            num_weights=6,
        )

    def test_one_mode_has_all_of_the_mixture(self):
        layer = UncertaintyDecoder(num_modes=1)
        log_variance, logits = layer(_inputs()["inputs"])
        self.assertEqual(tuple(log_variance.shape), (2, 5, 7, 1))
        self.assert_close(logits, np.ones((2, 5, 7, 1)), atol=0)
        self.assertEqual(layer.head.filters, 1)

    def test_first_predictions_are_near_zero(self):
        for outputs in UncertaintyDecoder()(_inputs()["inputs"]):
            self.assertLess(np.abs(outputs).max(), 1.0)


def test_number_of_modes_is_one_to_three():
    with pytest.raises(ValueError, match="`num_modes` must be one of"):
        UncertaintyDecoder(num_modes=4)
