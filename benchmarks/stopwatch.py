"""Interleaved timing of compiled functions, and peak memory."""

import concurrent.futures
import multiprocessing
import statistics
import time
from typing import NamedTuple

import numpy as np

from benchmarks import backend

MODES = ("forward", "gradient")


class Spread(NamedTuple):
    """Quartiles of several runs, and how many runs there were."""

    low: float
    median: float
    high: float
    runs: int


def spread(values, divisor=1):
    """Returns the `Spread` of some values, each divided by a number."""
    quartiles = np.percentile(values, (25, 50, 75)) / divisor
    return Spread(*map(float, quartiles), len(values))


def compile_modes(function, inputs, weights=()):
    """Compiles a function alone and with its gradients.

    Args:
        function: takes the inputs, returns one tensor.
        inputs: list of tensors.
        weights: Keras variables that get gradients too.

    Returns:
        Dict: "forward" and "gradient" -> a callable without arguments.
    """
    forward = backend.compile_function(function)
    return {
        "forward": lambda: forward(*inputs),
        "gradient": backend.trace_gradient(function, inputs, weights),
    }


def time_interleaved(
    functions,
    seconds,
    min_rounds=3,
    max_rounds=50,
    statistic=statistics.median,
):
    """Times functions in turn, so that all see the same machine.

    Args:
        functions: dict: name -> callable without arguments.
        seconds: time to spend, tracing and first calls excluded.
        min_rounds: number of rounds however long they take.
        max_rounds: number of rounds at most.
        statistic: function of a list of times, such as `spread`.

    Returns:
        Dict: name -> the statistic of its times in milliseconds.
    """
    for function in functions.values():
        backend.wait(function())
    times = {name: [] for name in functions}
    start = time.perf_counter()
    for completed in range(max_rounds):
        if completed >= min_rounds and time.perf_counter() - start > seconds:
            break
        for name, function in functions.items():
            begin = time.perf_counter()
            backend.wait(function())
            times[name].append(1e3 * (time.perf_counter() - begin))
    return {name: statistic(values) for name, values in times.items()}


def run_in_own_process(function, *arguments):
    """Returns what a function of a module returns in a new process.

    Args:
        function: importable by its name; its result is pickled.
        *arguments: of the function.

    Raises:
        BrokenProcessPool: if the process was killed, as for its memory.
    """
    with concurrent.futures.ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn")
    ) as pool:
        return pool.submit(function, *arguments).result()


def peak_memory(function):
    """Returns by how much one call raises the process's memory, in MB.

    The function must have been traced; run this in a process of its own.
    Linux only, which can reset the peak.
    """
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
    before = process_memory("VmRSS")
    backend.wait(function())
    return process_memory("VmHWM") - before


def process_memory(key):
    """Returns a field of the process's status, such as VmHWM, in MB."""
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(key):
                return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/self/status has no {key}")
