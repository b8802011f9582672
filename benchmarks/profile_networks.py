"""Where networks spend their time, against what their arithmetic needs.

    python benchmarks/profile_networks.py --output=docs/performance.md
    python benchmarks/profile_networks.py --networks=default --top=20

For one pair of 480 x 640: the multiply-adds that the answer needs (of a tile's
192 products per pixel those within the search radius alone), the bytes of their
operands, the floor (what both take at the matrix rate and the bandwidth that
this machine reaches in the same process, in the faster quartile of runs), the
measured time, the peak memory;
and the time by kind of operation, of one operation after the other. `--top`
lists single operations. `--output` replaces what lies between the file's
markers for profiles.
"""

import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import cv2  # noqa: E402
import tensorflow as tf  # noqa: E402
from absl import flags  # noqa: E402

import gocor_tf  # noqa: E402
from benchmarks import (  # noqa: E402
    arithmetic,
    backend,
    flag_checks,
    operation_times,
    report,
    stopwatch,
)
from gocor_tf import progress  # noqa: E402
from gocor_tf.data import packaged_pair, read_image  # noqa: E402
from gocor_tf.export import onnx_file  # noqa: E402
from gocor_tf.trainers import command_line  # noqa: E402
from gocor_tf.trainers.evaluation import tables  # noqa: E402

SIZE = (480, 640)
NETWORKS = [
    "basenet_gocor",
    "glunet_gocor",
    "pwcnet_gocor",
    "pdcnet",
    "default",
]
MARKERS = "<!-- begin of profiles -->", "<!-- end of profiles -->"
_SIDE, _FLOATS = 2048, 2**26
_SECONDS = 15


def define_flags():
    """Defines the command's flags."""
    flags.DEFINE_list("networks", NETWORKS, "Presets to profile.")
    flags.DEFINE_integer("top", 0, "Single operations to list.")
    flags.DEFINE_string("output", None, "Markdown file to update.")


def measure(name):
    """Returns the figures of a network; for a process of its own.

    Args:
        name: of the preset.

    Returns:
        Dict: `products`, `bytes` and `floor` (s) of the arithmetic; `rate`
        (multiply-adds a second) and `bandwidth` (bytes a second); `seconds`,
        a `stopwatch.Spread`; `memory` in MB; and `operations`, see
        `operation_times.time_operations`.
    """
    model = gocor_tf.load_model(name, weights=None)
    pair = _photographs()
    function = _trace(model, pair)
    tensors = {key: tf.constant(image) for key, image in pair.items()}
    memory = stopwatch.peak_memory(lambda: function(**tensors))
    matrix, array = tf.random.normal((_SIDE, _SIDE)), tf.zeros(_FLOATS)
    # In place: pages of new memory cost more than what is written to them.
    total = tf.Variable(array)
    times = stopwatch.time_interleaved(
        {
            "network": lambda: function(**tensors),
            "product": lambda: matrix @ matrix,
            "addition": lambda: total.assign_add(array),
        },
        _SECONDS,
        statistic=lambda values: stopwatch.spread(values, 1e3),
    )
    rate = _SIDE**3 / times["product"].low
    bandwidth = 3 * 4 * _FLOATS / times["addition"].low
    frozen = operation_times.freeze(function)
    with onnx_file.without_loops(model):
        unrolled = operation_times.freeze(_trace(model, pair))
    needs = arithmetic.needs(unrolled.graph)
    return {
        "products": sum(need.products for need in needs),
        "bytes": sum(need.bytes for need in needs),
        "floor": sum(need.seconds(rate, bandwidth) for need in needs),
        "rate": rate,
        "bandwidth": bandwidth,
        "seconds": times["network"],
        "memory": memory,
        "operations": operation_times.time_operations(frozen, pair),
    }


def _photographs():
    """Returns the packaged pair, stretched to `SIZE`, as float32 batches."""
    return {
        role: cv2.resize(read_image(path), SIZE[::-1])[None].astype("float32")
        for role, path in (
            ("reference", packaged_pair.REFERENCE),
            ("query", packaged_pair.QUERY),
        )
    }


def _trace(model, pair):
    def match(reference, query):
        answer = model({"reference": reference, "query": query})
        return {key: answer[key] for key in backend.ANSWER if key in answer}

    return tf.function(match).get_concrete_function(
        **{
            key: tf.TensorSpec(image.shape, name=key)
            for key, image in pair.items()
        }
    )


def format_needs(profiles):
    """Returns the Markdown table of needs, floors and measured times."""
    rows = [
        [
            "network",
            "useful GFLOP",
            "GB",
            "floor, s",
            "measured, s",
            "ratio",
            "peak memory, MB",
        ]
    ]
    for name, profile in profiles.items():
        low, median, high, _ = profile["seconds"]
        rows.append(
            [
                name,
                f"{2e-9 * profile['products']:.1f}",
                f"{1e-9 * profile['bytes']:.2f}",
                f"{profile['floor']:.3f}",
                f"{median:.3f} ({low:.3f} to {high:.3f})",
                f"{median / profile['floor']:.1f}",
                f"{profile['memory']:.0f}",
            ]
        )
    return tables.to_markdown(rows)


def format_kinds(profiles):
    """Returns the Markdown table of times by kind of operation."""
    kinds = operation_times.KINDS
    rows = [["ms, one operation at a time", *kinds, "all"]]
    for name, profile in profiles.items():
        times = operation_times.by_kind(profile["operations"])
        milliseconds = [*(times[kind] for kind in kinds), sum(times.values())]
        rows.append([name, *(f"{value:.0f}" for value in milliseconds)])
    return tables.to_markdown(rows)


def format_machine(profiles):
    """Says what the machine reached, least and most of all processes."""
    rates, bandwidths = (
        [profile[key] * scale for profile in profiles.values()]
        for key, scale in (("rate", 2e-9), ("bandwidth", 1e-9))
    )
    return (
        f"Measured on {os.cpu_count()} CPU cores, TensorFlow {tf.__version__}, "
        f"graphs without XLA, float32. A product of {_SIDE} x {_SIDE} matrices "
        f"reached {min(rates):.0f} to {max(rates):.0f} GFLOP/s, an addition in "
        f"place of arrays of 256 MB {min(bandwidths):.1f} to "
        f"{max(bandwidths):.1f} GB/s."
    )


def print_top(name, operations, number):
    """Prints the longest operations of a network."""
    print(f"\n{name}")
    ranked = sorted(operations.items(), key=lambda item: -item[1][1])
    for operation, (kind, milliseconds) in ranked[:number]:
        print(f"{milliseconds:9.2f} ms  {kind:24} {operation}")


def run(argv):
    """Profiles the networks and writes the tables."""
    command_line.check_no_arguments(argv)
    flag_checks.writable([MARKERS])
    profiles = {
        name: stopwatch.run_in_own_process(measure, name)
        for name in progress.track(flags.FLAGS.networks, "profiling")
    }
    for name, profile in profiles.items():
        print_top(name, profile["operations"], flags.FLAGS.top)
    text = "\n\n".join(
        form(profiles) for form in (format_machine, format_needs, format_kinds)
    )
    print(text)
    if flags.FLAGS.output:
        report.replace_between_markers(flags.FLAGS.output, text, MARKERS)


if __name__ == "__main__":
    command_line.run(run, define_flags)
