import numpy as np
import pytest

from gocor_tf.layers.context_network import ContextNetwork
from gocor_tf.layers.conv_block import ConvBlock
from gocor_tf.layers.flow_decoder import (
    DenseDecoder,
    PlainDecoder,
    ResidualDecoder,
)
from tests.test_case import TestCase

DECODERS = (PlainDecoder, DenseDecoder, ResidualDecoder, ContextNetwork)


def _inputs():
    rng = np.random.default_rng(0)
    return {"inputs": rng.normal(size=(2, 5, 7, 6)).astype("float32")}


class FlowDecoderTest(TestCase):
    def test_plain_decoder(self):
        self.run_layer_test(PlainDecoder, {"width": 0.0625}, _inputs())

    def test_dense_decoder(self):
        self.run_layer_test(DenseDecoder, {"width": 0.0625}, _inputs())

    def test_residual_decoder(self):
        # Five convolutions deep, bfloat16's eight bits add up.
        self.run_layer_test(
            ResidualDecoder,
            {"width": 0.0625},
            _inputs(),
            mixed_tolerance=5e-2,
        )

    def test_context_network(self):
        self.run_layer_test(ContextNetwork, {"width": 0.0625}, _inputs())

    def test_conv_block(self):
        self.run_layer_test(ConvBlock, {"filters": 4, "strides": 2}, _inputs())

    def test_conv_block_without_padding(self):
        self.run_layer_test(
            ConvBlock, {"filters": 4, "padding": "valid"}, _inputs()
        )

    def test_dense_features_keep_the_inputs_last(self):
        inputs = _inputs()["inputs"]
        features, _ = DenseDecoder()(inputs)
        self.assertEqual(features.shape, (2, 5, 7, 6 + 448))
        self.assert_close(features[..., -6:], inputs, atol=0)

    def test_first_predictions_are_near_zero(self):
        for decoder in DECODERS:
            _, flow = decoder(width=0.125)(_inputs()["inputs"])
            self.assertLess(np.abs(flow).max(), 1.0)


@pytest.mark.parametrize("decoder", DECODERS)
def test_width_must_be_positive(decoder):
    with pytest.raises(ValueError, match="`width` must be > 0"):
        decoder(width=0)


def test_unknown_activation_is_named():
    with pytest.raises(ValueError, match="`activation` must be one of"):
        ConvBlock(4, activation="gelu")
