"""TensorFlow fuses a network's convolutions with what follows, and rightly.

Where Grappler's optimizer fails, its log says so and the graph stays as it was:
right, and slower. Where it fuses wrongly, nothing says so.
"""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import gocor_tf
from tests import richest_presets

SCRIPT = """
import sys
import numpy as np
import tensorflow as tf
import gocor_tf
model = gocor_tf.load_model(sys.argv[1], weights=None)
image = np.zeros((1, 64, 64, 3), "float32")
tf.function(model)({"reference": image, "query": image})
"""
OTHERS = sorted(set(richest_presets.NAMES) - {"default"})

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="of TensorFlow's graphs"
)
every_network = pytest.mark.parametrize(
    "preset",
    ["default", *(pytest.param(n, marks=pytest.mark.slow) for n in OTHERS)],
)


@every_network
def test_no_optimizer_of_the_graph_fails(preset):
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT, preset],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"},
    ).stderr
    assert found, "TensorFlow's log is not there"
    failed = [line for line in found.splitlines() if "meta_optimizer" in line]
    assert not failed


@every_network
def test_the_graph_computes_what_its_operations_do(preset):
    import tensorflow as tf

    generator = np.random.default_rng(0)
    model = gocor_tf.load_model(preset, weights=None)
    pair = {
        name: generator.uniform(0, 255, (1, 64, 64, 3)).astype("float32")
        for name in ("reference", "query")
    }
    unbiased = model(pair)["flow"]
    for weight in model.weights:
        if weight.name in ("bias", "beta", "moving_mean"):
            weight.assign(generator.normal(0, 0.1, weight.shape))
    expected = model(pair)["flow"]
    assert np.abs(expected - unbiased).mean() > 0.1
    # GOCor multiplies the rounding, by far less than another slope would do.
    np.testing.assert_allclose(
        tf.function(model)(pair)["flow"], expected, atol=0.02
    )
