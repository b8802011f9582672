"""Measures how time and memory grow with the images and the batch.

    python benchmarks/scale.py --output=docs/scale.md --json=scale.json

Each point is one network, size and batch in a process of its own: the time of
a call once it is compiled, and the peak memory of the process. A point that
would need more than --max_memory or --max_seconds, as the smaller ones of its
network predict, is left out. `--output` replaces what lies between the file's
two markers. Measures a CPU; about ten minutes on two cores.
"""

import concurrent.futures
import dataclasses
import json
import math
import os
import pathlib
import re
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import cv2  # noqa: E402
from absl import app, flags  # noqa: E402

import gocor_tf  # noqa: E402
from benchmarks import (  # noqa: E402
    backend,
    flag_checks,
    networks,
    report,
    scale_law,
    stopwatch,
)
from gocor_tf import progress  # noqa: E402
from gocor_tf.data import atomic, packaged_pair  # noqa: E402
from gocor_tf.trainers import command_line  # noqa: E402

# A point is called again until so many seconds have passed.
_REPEAT_SECONDS = 2.0
# What the matcher of the default network sees at once.
_TILE_PIXELS = 2**21


def define_flags():
    """Defines the command's flags."""
    flags.DEFINE_list("networks", ["default", "glunet_gocor"], "Presets.")
    flags.DEFINE_list(
        "sides",
        ["256", "512", "1024", "2048", "4096"],
        "Of square images, ascending, in px; one pair at a time.",
    )
    flags.DEFINE_list(
        "batches", ["1", "2", "4", "8", "16", "32"], "Pairs of 480 x 640."
    )
    flags.DEFINE_float("max_memory", 12.0, "GiB that a point may need.")
    flags.DEFINE_float("max_seconds", 20.0, "That one call may take.")
    flags.DEFINE_string(
        "tiled",
        "2000x3000",
        "HEIGHTxWIDTH of a pair to match in tiles; an empty string: none.",
    )
    flags.DEFINE_string("output", None, "Markdown file to update.")
    flags.DEFINE_string("json", None, "JSON file of all points.")


def measure_point(network, height, width, batch):
    """Measures one point; runs in a process of its own.

    Args:
        network: preset.
        height: of the images.
        width: of the images.
        batch: number of pairs.

    Returns:
        `scale_law.Point`.
    """
    call = networks.compile_call(network, {}, (height, width), batch)
    times = stopwatch.time_interleaved(
        {"call": call},
        _REPEAT_SECONDS,
        min_rounds=1,
        statistic=lambda ms: stopwatch.spread(ms, 1e3),
    )
    gib = stopwatch.process_memory("VmHWM") / 1024
    return scale_law.Point(
        network, height, width, batch, times["call"][:3], gib
    )


def measure_tiled(size):
    """Matches the packaged pair, stretched; runs in a process of its own.

    Args:
        size: `(height, width)`, of more pixels than are seen at once.

    Returns:
        Dict: size, pixels seen at once, seconds and peak memory in GiB.
    """
    files = packaged_pair.REFERENCE, packaged_pair.QUERY
    matcher = gocor_tf.Matcher(max_pixels=_TILE_PIXELS)
    matcher(*files)  # Compiles what the tiles run.
    pair = [
        cv2.resize(cv2.imread(path)[..., ::-1], size[::-1], interpolation=3)
        for path in files
    ]
    begin = time.perf_counter()
    matcher(*pair)
    return {
        "size": size,
        "max_pixels": matcher.max_pixels,
        "seconds": time.perf_counter() - begin,
        "gib": stopwatch.process_memory("VmHWM") / 1024,
    }


def reason_to_leave_out(done, megapixels, max_gib, max_seconds):
    """Returns why a point is not measured, or an empty string.

    Args:
        done: list of `scale_law.Point` of the same network.
        megapixels: of the point.
        max_gib: memory that it may need.
        max_seconds: time that a call may take.
    """
    found = scale_law.laws(done)
    if not found:
        return ""
    memory, seconds = found
    gib = memory.predict(megapixels)
    if gib > max_gib:
        return f"it would need {gib:.0f} GiB"
    call = seconds.predict(megapixels)
    return f"it would take {call:.0f} s" if call > max_seconds else ""


def measure_points(plan, max_gib, max_seconds):
    """Measures points, small ones first.

    Args:
        plan: list of (network, height, width, batch).
        max_gib: memory that a point may need.
        max_seconds: time that a call may take.

    Returns:
        List of `scale_law.Point`, and lines that say what was left out.
    """
    points, left_out = [], []
    for network, height, width, batch in progress.track(plan, "measuring"):
        done = [p for p in points if p.network == network]
        reason = reason_to_leave_out(
            done, height * width * batch / 1e6, max_gib, max_seconds
        )
        title = f"{network}, {batch} x {height} x {width}"
        if not reason:
            try:
                point = stopwatch.run_in_own_process(
                    measure_point, network, height, width, batch
                )
            except concurrent.futures.process.BrokenProcessPool:
                reason = "its process was killed"
        if reason:
            left_out.append(f"{title} left out: {reason}")
            print(left_out[-1], flush=True)
            continue
        points.append(point)
        print(
            f"{title}: {point.seconds[1]:.2f} s, {point.gib:.2f} GiB",
            flush=True,
        )
    return points, left_out


def measure(options):
    """Returns all results, ready for JSON.

    Args:
        options: see `checked_options`.
    """
    points, left_out = measure_points(
        options["plan"], options["max_memory"], options["max_seconds"]
    )
    for network in options["networks"]:
        of_network = [p for p in points if p.network == network]
        print("\n".join(scale_law.describe_laws(network, of_network)))
    tiled = None
    if options["tiled"]:
        tiled = stopwatch.run_in_own_process(measure_tiled, options["tiled"])
        print(scale_law.describe_tiled(tiled))
    return {
        **backend.describe(),
        "points": [dataclasses.asdict(point) for point in points],
        "left_out": left_out,
        "tiled": tiled,
    }


def checked_options(arguments):
    """Returns what to measure; bad flags are refused here."""
    unknown = set(arguments.networks) - set(gocor_tf.presets())
    if unknown or not arguments.networks:
        flag_checks.refuse("networks", "be names of presets")
    sides = flag_checks.integers("sides")
    batches = flag_checks.integers("batches")
    for name in ("max_memory", "max_seconds"):
        if arguments[name].value <= 0:
            flag_checks.refuse(name, "be a number > 0")
    found = re.fullmatch(r"(\d+)x(\d+)", arguments.tiled)
    tiled = found and tuple(map(int, found.groups()))
    if arguments.tiled and (not found or math.prod(tiled) <= _TILE_PIXELS):
        flag_checks.refuse("tiled", "be HEIGHTxWIDTH of more than 2^21 pixels")
    names = list(dict.fromkeys(arguments.networks))
    sizes = [(side, side, 1) for side in sides]
    sizes += [(480, 640, batch) for batch in batches]
    sizes.sort(key=lambda size: size[0] * size[1] * size[2])
    return {
        "networks": names,
        "plan": [(name, *size) for name in names for size in sizes],
        "max_memory": arguments.max_memory,
        "max_seconds": arguments.max_seconds,
        "tiled": tiled,
    }


def _check_device():
    if backend.device() != "cpu":
        raise app.UsageError(
            "`KERAS_BACKEND` must compute on a CPU, where peak memory is the "
            "process's: set CUDA_VISIBLE_DEVICES='' and JAX_PLATFORMS=cpu. "
            f"Received: {backend.device()}"
        )


def run_all(argv):
    """Measures and writes what the flags ask for."""
    command_line.check_no_arguments(argv)
    arguments = flags.FLAGS
    options = checked_options(arguments)
    _check_device()
    flag_checks.writable()
    results = measure(options)
    if arguments.output:
        report.replace_between_markers(
            arguments.output, scale_law.format_results(results)
        )
    if arguments.json:
        atomic.write_bytes(
            arguments.json, json.dumps(results, indent=1).encode()
        )


if __name__ == "__main__":
    command_line.run(run_all, define_flags)
