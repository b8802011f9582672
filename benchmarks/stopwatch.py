"""Interleaved timing of compiled functions, and peak memory."""

import statistics
import time

import tensorflow as tf

MODES = ("forward", "gradient")


def compile_modes(function, inputs, weights=()):
    """Compiles a function alone and with its gradients.

    Args:
        function: takes the inputs, returns one tensor.
        inputs: list of tensors.
        weights: variables that get gradients too.

    Returns:
        Dict: "forward" and "gradient" -> a callable without arguments.
    """
    forward = tf.function(function)
    return {
        "forward": lambda: forward(*inputs),
        "gradient": trace_gradient(function, inputs, weights),
    }


def trace_gradient(function, inputs, weights=()):
    """Traces a function followed by its gradients.

    Args:
        function: takes the inputs, returns one tensor.
        inputs: list of tensors; they get gradients.
        weights: variables that get gradients too.

    Returns:
        A callable without arguments.
    """

    @tf.function
    def gradient(*tensors):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            output = function(*tensors)
        return tape.gradient(
            output,
            [*tensors, *weights],
            output_gradients=output,
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )

    traced = gradient.get_concrete_function(*inputs)
    return lambda: traced(*inputs)


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
        statistic: function of a list of times.

    Returns:
        Dict: name -> the statistic of its times in milliseconds.
    """
    for function in functions.values():
        function()
    times = {name: [] for name in functions}
    start = time.perf_counter()
    for completed in range(max_rounds):
        if completed >= min_rounds and time.perf_counter() - start > seconds:
            break
        for name, function in functions.items():
            begin = time.perf_counter()
            _wait(function())
            times[name].append(1e3 * (time.perf_counter() - begin))
    return {name: statistic(values) for name, values in times.items()}


def peak_memory(function):
    """Returns by how much one call raises the process's memory, in MB.

    The function must have been traced; run this in a process of its own.
    Linux only, which can reset the peak.
    """
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
    before = _memory("VmRSS")
    _wait(function())
    return (_memory("VmHWM") - before) / 1024


def _memory(key):
    """Reads a field of the process's status, in kB."""
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(key):
                return int(line.split()[1])
    raise RuntimeError(f"/proc/self/status has no {key}")


def _wait(result):
    for tensor in tf.nest.flatten(result):
        tensor.numpy()
