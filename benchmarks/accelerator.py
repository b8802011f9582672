"""What an accelerator reaches under JAX: rates, shares of them, pairs a second.

The roofline of an operation is the time that its useful multiply-adds take at
the matrix product's rate, or its useful bytes (inputs and outputs, once) at
the rate of a copy, whichever is longer. On a CPU all of it runs too, smaller.
"""

import contextlib

import keras
from keras import ops

import gocor_tf
from benchmarks import backend, cases, figures, networks, stopwatch

DTYPES = ("float32", "bfloat16")
PRESETS = ("default", "glunet_gocor")
_COPIED_FLOATS = 2**26
# Calls are queued, so that what it takes to start one is not timed.
_QUEUED = 20
_BATCH, _SIDE = 16, 8192


def on_accelerator():
    """Returns whether the backend computes on anything but a CPU."""
    return backend.device() != "cpu"


def default_batches():
    """Returns the batches to time, as many pairs as the device is worth."""
    return [1, 2, 4, 8, 16, 32, 64] if on_accelerator() else [1]


def time_all(presets, batches, seconds):
    """Times everything.

    Args:
        presets: networks whose pairs per second are wanted.
        batches: numbers of image pairs, ascending.
        seconds: time to spend on each comparison.

    Yields:
        Lists of figures, one for each comparison.
    """
    yield _time_copy(seconds)
    yield _time_products(seconds)
    for create in (
        cases.local_correlation,
        cases.local_correlation_transpose,
        cases.local_gocor,
        cases.warping,
    ):
        batch = _BATCH if on_accelerator() else 1
        same = {
            dtype: create("64x64x128", batch=batch, dtype=dtype)
            for dtype in DTYPES
        }
        yield _time_roofline(same, seconds)
    for dtype in DTYPES:
        with _policy(dtype):
            name = "default at 480x640"
            times = networks.time_pair(name, seconds, batches[0])
        yield figures.time_figures(
            "networks",
            f"default in {dtype}",
            networks.format_size(networks.SIZE, batches[0]),
            times,
        )
    for preset in presets:
        for dtype in DTYPES:
            yield from time_throughput(preset, dtype, batches, seconds)


def _time_copy(seconds):
    numbers = ops.zeros(_COPIED_FLOATS, "float32")
    copy = backend.compile_function(lambda x: x + 1)
    times = _time_queued({"float32": lambda: copy(numbers)}, seconds)
    traffic = 2 * 4 * _COPIED_FLOATS
    size = f"{4 * _COPIED_FLOATS >> 20} MiB"
    return figures.time_figures(
        "device rates", "copy", size, times, traffic=traffic
    )


def _time_products(seconds):
    side = _SIDE if on_accelerator() else 2048
    same = {dtype: cases.matrix_product(dtype, side) for dtype in DTYPES}
    calls = {dtype: _our_call(case)[0] for dtype, case in same.items()}
    return figures.time_figures(
        "device rates",
        "matrix product",
        f"{side}x{side}x{side}",
        _time_queued(calls, seconds),
        products=side**3,
    )


def _time_roofline(same, seconds):
    """Returns figures with the useful work, for each dtype its own bytes."""
    calls = {dtype: _our_call(case) for dtype, case in same.items()}
    times = _time_queued(
        {dtype: call for dtype, (call, _) in calls.items()}, seconds
    )
    found = []
    for dtype, case in same.items():
        batch = len(case.inputs[0])
        found += figures.time_figures(
            "roofline",
            case.what,
            f"{batch}x{case.size}",
            {dtype: times[dtype]},
            products=case.products,
            traffic=calls[dtype][1],
        )
    return found


def _our_call(case):
    """Returns a call of our way, compiled, and its useful bytes."""
    ours, *_ = case.ways.values()
    function = backend.compile_function(ours)
    tensors = [*case.inputs, function(*case.inputs)]
    traffic = sum(tensor.size * tensor.dtype.itemsize for tensor in tensors)
    return lambda: function(*case.inputs), traffic


def _time_queued(functions, seconds):
    number = _QUEUED if on_accelerator() else 1
    return stopwatch.time_interleaved(
        {way: _queue(call, number) for way, call in functions.items()},
        seconds,
        statistic=lambda times: stopwatch.spread(times, number),
    )


def _queue(call, number):
    return lambda: [call() for _ in range(number)][-1]


def time_throughput(preset, dtype, batches, seconds):
    """Times one network, until memory is used up.

    Args:
        preset: its name.
        dtype: one of `DTYPES`.
        batches: numbers of image pairs, ascending.
        seconds: time to spend on each.

    Yields:
        Lists of figures, one for each batch.
    """
    with _policy(dtype):
        model = gocor_tf.load_model(preset, weights=None)
    function = backend.compile_network(model)
    for batch in batches:
        try:
            pair = networks.images(networks.SIZE, batch)
            times = stopwatch.time_interleaved(
                {dtype: lambda pair=pair: function(pair)},
                seconds,
                statistic=stopwatch.spread,
            )
        except Exception as error:
            if not backend.is_out_of_memory(error):
                raise
            print(
                f"{preset} in {dtype}: left out from batch {batch} on, "
                "which does not fit the memory",
                flush=True,
            )
            return
        size = networks.format_size(networks.SIZE, batch)
        yield figures.time_figures("throughput", preset, size, times)


@contextlib.contextmanager
def _policy(dtype):
    """Lets networks be created with a dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(
        dtype if dtype == "float32" else f"mixed_{dtype}"
    )
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
