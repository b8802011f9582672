import keras
import numpy as np

from gocor_tf.layers import transposed_convolution
from gocor_tf.ops import resize
from tests.test_case import TestCase

FLOAT32 = keras.DTypePolicy("float32")
BFLOAT16 = keras.DTypePolicy("mixed_bfloat16")


class TransposedConvolutionTest(TestCase):
    def _flow(self):
        rng = np.random.default_rng(0)
        return rng.normal(size=(2, 4, 5, 2)).astype("float32")

    def test_a_new_layer_interpolates_flows_without_rescaling_them(self):
        layer = transposed_convolution.double_flow("double", FLOAT32)
        flow = layer(self._flow())
        expected = resize.bilinear_resize(self._flow(), (8, 10))
        self.assert_close(flow[:, 1:-1, 1:-1], expected[:, 1:-1, 1:-1])

    def test_borders_fade_into_zero(self):
        layer = transposed_convolution.double_flow("double", FLOAT32)
        flow = layer(np.ones((1, 2, 2, 2), "float32"))
        # A quarter of the weight lies outside, on either axis.
        row = np.array([0.75, 1.0, 1.0, 0.75])
        self.assert_close(flow[0, ..., 0], np.outer(row, row))

    def test_flows_stay_in_float32(self):
        layer = transposed_convolution.double_flow("double", BFLOAT16)
        self.assertEqual(layer(self._flow()).dtype, "float32")

    def test_features_become_two_channels_on_a_finer_grid(self):
        layer = transposed_convolution.double_features("double", BFLOAT16)
        features = layer(np.ones((1, 4, 5, 7), "float32"))
        self.assertEqual(features.shape, (1, 8, 10, 2))
        self.assertEqual(features.dtype, "bfloat16")

    def test_another_initializer(self):
        layer = transposed_convolution.double_flow("double", FLOAT32, "zeros")
        self.assert_close(layer(self._flow()), np.zeros((2, 8, 10, 2)), atol=0)

    def test_layers_can_be_saved(self):
        layer = transposed_convolution.double_flow("double", FLOAT32)
        config = keras.saving.serialize_keras_object(layer)
        copy = keras.saving.deserialize_keras_object(config)
        self.assert_close(copy(self._flow()), layer(self._flow()), atol=0)
