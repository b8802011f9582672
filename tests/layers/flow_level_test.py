import numpy as np
import pytest

from gocor_tf.layers import FlowLevel
from tests.test_case import TestCase


def arguments():
    rng = np.random.default_rng(0)
    return {
        "volume": rng.normal(size=(2, 5, 6, 9)).astype("float32"),
        "flow": rng.normal(size=(2, 5, 6, 2)).astype("float32"),
    }


class FlowLevelTest(TestCase):
    def test_dense(self):
        self.run_layer_test(
            FlowLevel, {"width": 0.0625}, arguments(), mixed_tolerance=5e-2
        )

    def test_residual_with_context(self):
        self.run_layer_test(
            FlowLevel,
            {
                "decoder": "residual",
                "width": 0.0625,
                "context": True,
                "context_sees_flow": True,
            },
            arguments(),
            mixed_tolerance=5e-2,
        )

    def test_corrections_add_to_the_flow(self):
        layer = FlowLevel(width=0.0625, context=True)
        inputs = arguments()
        layer(**inputs)
        for head, correction in (
            (layer.decoding.head, [1.0, 2.0]),
            (layer.refinement.head, [10.0, 20.0]),
        ):
            head.kernel.assign(0 * head.kernel)
            head.bias.assign(correction)
        self.assert_close(
            layer(**inputs)["flow"], inputs["flow"] + [11.0, 22.0]
        )

    def test_decoder_sees_volume_flow_and_extras(self):
        layer = FlowLevel("residual", width=0.0625)
        inputs = arguments()
        extras = [inputs["flow"], inputs["volume"]]
        outputs = layer(**inputs, extras=extras)
        kernel = layer.decoding.blocks[0].conv.kernel
        self.assertEqual(kernel.shape[2], 9 + 2 + 2 + 9)
        self.assertEqual(set(outputs), {"flow", "features"})

    def test_context_sees_the_corrected_flow_last(self):
        layer = FlowLevel(
            "residual", width=0.0625, context=True, context_sees_flow=True
        )
        outputs = layer(**arguments())
        channels = outputs["features"].shape[-1]
        kernel = layer.refinement.blocks[0].conv.kernel
        self.assertEqual(kernel.shape[2], channels + 2)
        self.assertEqual(
            outputs["context_features"].shape, outputs["features"].shape
        )


def test_unknown_decoder_is_named():
    with pytest.raises(ValueError, match="`decoder` must be one of"):
        FlowLevel("unet")
