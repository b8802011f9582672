"""Times a served network: SavedModel, Python model, ONNX Runtime, and gRPC.

    python benchmarks/serving.py --output=docs/serving.md --json=serving.json

Medians of interleaved runs in one process for batches of 1, 4 and 16 pairs;
then pairs a second over gRPC on this machine, of 1, 4 and 16 clients. They ask
the server of the tests (tests/serving/conformance), or one that runs already
and serves the network: --server=HOST:PORT. `--output` replaces what lies
between the file's two markers. Needs the extras `serve` and `onnx`.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from absl import flags  # noqa: E402

import gocor_tf  # noqa: E402
from benchmarks import (  # noqa: E402
    flag_checks,
    report,
    serving_table,
    stopwatch,
)
from gocor_tf.data import atomic, packaged_pair  # noqa: E402
from gocor_tf.export import onnx_file, saved_model, signatures  # noqa: E402
from gocor_tf.serving import Client  # noqa: E402
from gocor_tf.trainers import command_line  # noqa: E402

NAME = "default"


def define_flags():
    """Defines the command's flags."""
    flags.DEFINE_string("size", "480x640", "HEIGHTxWIDTH of the pictures.")
    flags.DEFINE_list("batches", ["1", "4", "16"], "Pairs in a request.")
    flags.DEFINE_list("clients", ["1", "4", "16"], "Clients at a time.")
    flags.DEFINE_float(
        "seconds", 60.0, "To spend on each batch and number of clients."
    )
    flags.DEFINE_string(
        "server", None, "HOST:PORT (gRPC) of a server of the network `default`."
    )
    flags.DEFINE_string("output", None, "Markdown file to update.")
    flags.DEFINE_string("json", None, "JSON file of all figures.")


def write_exports(folder):
    """Writes a version directory, whose path it returns, and an ONNX file."""
    model = gocor_tf.load_model(NAME)
    onnx_file.write_onnx(model, folder / f"{NAME}.onnx")
    return saved_model.write_version(model, folder, NAME)


def python_model(folder):
    """Returns the network as a function of float32 images, compiled."""
    return signatures.match_function(gocor_tf.load_model(NAME))


def served_model(folder):
    """Returns the signature `serving_default` of the SavedModel."""
    served = tf.saved_model.load(str(folder / NAME / "1"))
    return lambda **pair: served.signatures["serving_default"](**pair)


def onnx_model(folder):
    """Returns ONNX Runtime's answer, on all cores as it chooses to."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        str(folder / f"{NAME}.onnx"), providers=["CPUExecutionProvider"]
    )

    def answer(**pair):
        session.run(None, {name: x.numpy() for name, x in pair.items()})
        return ()

    return answer


WAYS = {
    "Python model": python_model,
    "SavedModel": served_model,
    "ONNX Runtime": onnx_model,
}


def images(batch, size):
    """Returns the packaged pair, stretched, as often as the batch asks."""
    files = {
        "reference": packaged_pair.REFERENCE,
        "query": packaged_pair.QUERY,
    }
    pair = {
        name: tf.io.decode_jpeg(tf.io.read_file(path))
        for name, path in files.items()
    }
    return {
        name: tf.tile(tf.image.resize(image, size)[None], (batch, 1, 1, 1))
        for name, image in pair.items()
    }


def time_batches(folder, batches, size, seconds):
    """Times ways in turn.

    Returns:
        Dict: batch -> way -> lower quartile, median and upper quartile of the
        time for one request, in ms.
    """
    models = {way: load(folder) for way, load in WAYS.items()}
    times = {}
    for batch in batches:
        pair = images(batch, size)
        times[batch] = stopwatch.time_interleaved(
            {
                way: lambda model=model, pair=pair: model(**pair)
                for way, model in models.items()
            },
            seconds,
            statistic=_quartiles,
        )
        print(f"batch {batch}: {times[batch]}", flush=True)
    return times


@contextlib.contextmanager
def running_server(version):
    """Yields the gRPC address of a server of the version."""
    from tests.serving import servers

    with tempfile.TemporaryDirectory() as folder:
        config = servers.models_config(**{NAME: version.parent})
        server = servers.launch(servers.CONFORMANCE, folder, config)
        try:
            yield servers.wait_until_ready(server).grpc_address
        finally:
            server.stop()


def time_clients(address, numbers, size, seconds):
    """Asks a server, with several clients at a time.

    Returns:
        Dict: number of clients -> pairs per second, and the quartiles of the
        time that a client waits for one, in ms.
    """
    pair = [np.uint8(x[0]) for x in images(1, size).values()]
    found = {}
    for number in numbers:
        with concurrent.futures.ThreadPoolExecutor(number) as pool:
            begin = time.perf_counter()
            waits = pool.map(
                lambda _: _ask_for(address, pair, seconds), range(number)
            )
            waits = sum(waits, [])
            rate = len(waits) / (time.perf_counter() - begin)
        found[number] = {"pairs_per_second": rate, "ms": _quartiles(waits)}
        print(f"{number} clients: {found[number]}", flush=True)
    return found


def _ask_for(address, pair, seconds):
    """Returns the times of one client's requests, two at least, in ms."""
    waits = []
    with Client(address, NAME, timeout=600) as client:
        client.check("serving_uint8")
        end = time.perf_counter() + seconds
        while len(waits) < 2 or time.perf_counter() < end:
            begin = time.perf_counter()
            client(*pair)
            waits.append(1e3 * (time.perf_counter() - begin))
    return waits


def _quartiles(times):
    return np.percentile(times, (25, 50, 75)).tolist()


def run_all(argv):
    """Runs all measurements and writes what the flags ask for."""
    command_line.check_no_arguments(argv)
    arguments = flags.FLAGS
    size = command_line.parse_size(arguments.size)
    flag_checks.writable()
    results = measure(arguments, size)
    if arguments.output:
        report.replace_between_markers(
            arguments.output, serving_table.format_results(results)
        )
    if arguments.json:
        atomic.write_bytes(
            arguments.json, json.dumps(results, indent=1).encode()
        )


def measure(arguments, size):
    """Returns all figures, ready for JSON."""
    batches, clients = (
        flag_checks.integers(name) for name in ("batches", "clients")
    )
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        version = write_exports(folder)
        times = time_batches(folder, batches, size, arguments.seconds)
        server = (
            contextlib.nullcontext(arguments.server)
            if arguments.server
            else running_server(version)
        )
        with server as address:
            rates = time_clients(address, clients, size, arguments.seconds)
    return {
        "size": size,
        "cores": os.cpu_count(),
        "own_server": not arguments.server,
        "batches": times,
        "clients": rates,
    }


if __name__ == "__main__":
    command_line.run(run_all, define_flags)
