"""Networks: with GOCor beside plain correlation, and beside the published."""

import numpy as np
import tensorflow as tf

import gocor_tf
from benchmarks import stopwatch

_PLAIN = {"global_correlation": "feature", "local_correlation": "feature"}
# name -> (preset, arguments) with GOCor, those with plain correlation, and the
# size of the images.
PAIRS = {
    "BaseNet": (("basenet_gocor", {}), ("basenet", {}), (256, 256)),
    "default": (("default", {}), ("default", _PLAIN), (256, 256)),
    "GLUNet": (("glunet_gocor", {}), ("glunet", {}), (480, 640)),
    "PWCNet": (("pwcnet_gocor", {}), ("pwcnet", {}), (480, 640)),
}
# Seconds of the published PyTorch networks at 480 x 640 on two cores of this
# kind: the best of several runs, two threads, with an unoptimised correlation.
PUBLISHED_SECONDS = {
    "basenet": 0.43,
    "basenet_gocor": 0.62,
    "glunet": 2.47,
    "glunet_gocor": 3.62,
    "glunet_gocor_star": 2.97,
    "semantic_glunet": 2.44,
    "pwcnet": 0.61,
    "pwcnet_gocor": 0.90,
    "pdcnet": 3.64,
    "pdcnet_plus": 3.56,
}


def time_pair(pair, seconds):
    """Times a network with GOCor and without.

    Args:
        pair: an entry of `PAIRS`.
        seconds: time to spend, as in `stopwatch.time_interleaved`.

    Returns:
        Median times in milliseconds, with and without GOCor.
    """
    *networks, size = pair
    functions = {
        way: _compile(*network, size)
        for way, network in zip(("GOCor", "plain"), networks, strict=True)
    }
    times = stopwatch.time_interleaved(functions, seconds)
    return times["GOCor"], times["plain"]


def time_published(seconds):
    """Times every network that is also published, at 480 x 640.

    Args:
        seconds: time to spend on each.

    Returns:
        Dict: preset -> our best time and the published one, in seconds.
    """
    return {
        preset: (_best_time(_compile(preset, {}, (480, 640)), seconds), theirs)
        for preset, theirs in PUBLISHED_SECONDS.items()
    }


def _best_time(function, seconds):
    times = stopwatch.time_interleaved(
        {"network": function}, seconds, statistic=min
    )
    return times["network"] / 1e3


def _compile(preset, arguments, size):
    model = gocor_tf.load_model(preset, weights=None, **arguments)
    generator = np.random.default_rng(0)
    images = {
        name: tf.constant(generator.uniform(0, 255, (1, *size, 3)), "float32")
        for name in ("reference", "query")
    }
    function = tf.function(lambda pair: model(pair)["flow"])
    return lambda: function(images)
