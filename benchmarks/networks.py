"""Networks with GOCor beside the same networks with plain correlation."""

import numpy as np
import tensorflow as tf

import gocor_tf
from benchmarks import stopwatch

_PLAIN = {"global_correlation": "feature", "local_correlation": "feature"}
# name -> (preset, arguments) with GOCor, and with plain correlation.
PAIRS = {
    "BaseNet": (("basenet_gocor", {}), ("basenet", {})),
    "default": (("default", {}), ("default", _PLAIN)),
}


def time_pair(pair, seconds):
    """Times a forward pass of two images of 256 x 256.

    Args:
        pair: preset and arguments with GOCor, and those without.
        seconds: time to spend, as in `stopwatch.time_interleaved`.

    Returns:
        Median times in milliseconds, with and without GOCor.
    """
    functions = {
        way: _compile(*network)
        for way, network in zip(("GOCor", "plain"), pair, strict=True)
    }
    times = stopwatch.time_interleaved(functions, seconds)
    return times["GOCor"], times["plain"]


def _compile(preset, arguments):
    model = gocor_tf.load_model(preset, weights=None, **arguments)
    generator = np.random.default_rng(0)
    images = {
        name: tf.constant(
            generator.uniform(0, 255, (1, 256, 256, 3)), "float32"
        )
        for name in ("reference", "query")
    }
    function = tf.function(lambda pair: model(pair)["flow"])
    return lambda: function(images)
