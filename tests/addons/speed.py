"""Times our operations and those of tensorflow-addons, in turn.

    python speed.py EXPORTED TIMES.json SECONDS

Runs in the environment of `requirements.txt`. `EXPORTED` is a SavedModel of
our operations; each comparison takes about so many seconds. The times are
medians in ms, as "operation size" -> "way" -> "forward" or "gradient".
"""

import json
import pathlib
import sys

import numpy as np
import tensorflow as tf

FOLDER = pathlib.Path(__file__).parent
# This Python is started without any paths of the checkout.
sys.path[:0] = [str(FOLDER), str(FOLDER.parents[1])]

import operations  # noqa: E402

from benchmarks import stopwatch  # noqa: E402

RADIUS = 4
SIZES = ((64, 64, 128), (128, 128, 64), (32, 32, 512))


def comparisons(ours):
    """Yields what is compared: its name, the ways and the inputs."""
    rng = np.random.default_rng(0)
    for size in SIZES:
        name = "x".join(map(str, size))
        maps = [
            tf.constant(rng.normal(size=(1, *size)), tf.float32)
            for _ in range(2)
        ]
        correlation = getattr(ours, f"local_correlation_{size[-1]}")
        ways = {
            "ours": correlation,
            "CorrelationCost": operations.correlation_cost(RADIUS),
        }
        yield f"local correlation {name}", ways, maps
        flow = tf.constant(rng.uniform(-3, 3, (1, *size[:2], 2)), tf.float32)
        ways = {
            "ours": getattr(ours, f"warp_{size[-1]}"),
            "resampler": operations.resampler,
            "dense_image_warp": operations.dense_image_warp,
        }
        yield f"warp {name}", ways, [maps[0], flow]


def main(exported, times_path, seconds):
    """Writes the times of all comparisons."""
    times = {}
    for name, ways, inputs in comparisons(tf.saved_model.load(exported)):
        runs = {
            way: stopwatch.compile_modes(function, inputs)
            for way, function in ways.items()
        }
        times[name] = {way: {} for way in ways}
        for mode in stopwatch.MODES:
            found = stopwatch.time_interleaved(
                {way: run[mode] for way, run in runs.items()}, float(seconds)
            )
            for way, milliseconds in found.items():
                times[name][way][mode] = milliseconds
    pathlib.Path(times_path).write_text(json.dumps(times), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
