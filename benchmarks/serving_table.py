"""The tables of benchmarks/serving.py."""

import platform

import tensorflow as tf

from gocor_tf.trainers.evaluation import tables

_OURS = "Python model"


def format_results(results):
    """Formats all figures as Markdown.

    Args:
        results: see `serving.measure`.
    """
    height, width = results["size"]
    machine = (
        f"Measured on {results['cores']} CPU cores ({platform.machine()}), "
        f"TensorFlow {tf.__version__}, preset `default`, float32, pictures of "
        f"{height} x {width}. Medians, and quartiles in parentheses."
    )
    return "\n\n".join(
        [
            machine,
            _table_of_batches(results["batches"]),
            _table_of_clients(results["clients"], results["own_server"]),
        ]
    )


def _table_of_batches(batches):
    units = [f"{n} pair{'s' if n > 1 else ''}, ms" for n in batches]
    rows = [["in one process", *units]]
    for way in next(iter(batches.values())):
        cells = [
            _cell(times[way], times[_OURS][1] if way != _OURS else None)
            for times in batches.values()
        ]
        rows.append([way, *cells])
    return tables.to_markdown(rows)


def _table_of_clients(clients, own_server):
    server = "conformance server" if own_server else "server"
    rows = [[f"clients of a {server}, gRPC", "pairs/s", "a client waits, ms"]]
    for number, found in clients.items():
        rate = f"{found['pairs_per_second']:.2f}"
        rows.append([str(number), rate, _cell(found["ms"])])
    return tables.to_markdown(rows)


def _cell(quartiles, ours=None):
    low, median, high = quartiles
    ratio = "" if ours is None else f", {median / ours:.2f}x"
    return f"{median:.0f} ({low:.0f} to {high:.0f}){ratio}"
