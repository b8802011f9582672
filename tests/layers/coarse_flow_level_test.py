import numpy as np
import pytest

from gocor_tf.layers import CoarseFlowLevel
from tests.test_case import TestCase


def volume(size=(3, 4)):
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, *size, 12)).astype("float32")


class CoarseFlowLevelTest(TestCase):
    def test_dense(self):
        self.run_layer_test(
            CoarseFlowLevel,
            {"width": 0.0625},
            {"volume": volume()},
            mixed_tolerance=5e-2,
        )

    def test_residual(self):
        self.run_layer_test(
            CoarseFlowLevel,
            {"decoder": "residual", "width": 0.0625},
            {"volume": volume()},
            mixed_tolerance=5e-2,
        )

    def test_mapping_becomes_a_flow_in_cells(self):
        layer = CoarseFlowLevel(width=0.0625)
        layer.build((None, None, None, 12))
        head = layer.decoding.head
        head.kernel.assign(0 * head.kernel)
        # x: the last cell; y: the middle one.
        head.bias.assign([1.0, 0.0])
        flow, _ = layer(volume())
        self.assertEqual(flow.shape, (2, 3, 4, 2))
        x, y = np.meshgrid(np.arange(4), np.arange(3))
        self.assert_close(flow[0, ..., 0], 3.0 - x)
        self.assert_close(flow[0, ..., 1], 1.0 - y)

    def test_two_channels_of_an_initial_mapping_have_no_effect(self):
        layer = CoarseFlowLevel(width=0.0625)
        flow, _ = layer(volume())
        kernel = layer.decoding.blocks[0].conv.kernel
        self.assertEqual(kernel.shape[2], 12 + 2)
        changed = np.array(kernel)
        changed[:, :, 12:] += 1.0
        kernel.assign(changed)
        self.assert_close(layer(volume())[0], flow, atol=0)


def test_unknown_decoder_is_named():
    with pytest.raises(ValueError, match="`decoder` must be one of"):
        CoarseFlowLevel("unet")
