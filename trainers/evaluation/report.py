"""Evaluation results as files: JSON, Markdown and CSV."""

import csv
import dataclasses
import json
import typing

from gocor_tf.data import atomic

from . import pair_journal, tables


@dataclasses.dataclass(frozen=True)
class Results:
    """One method on one data set.

    Attributes:
        records: function that returns an iterator over the pairs' records.
        totals: `Totals` of them.
        kind: "preset" or "baseline".
    """

    records: typing.Callable
    totals: typing.Any
    kind: str


def write_json(path, settings, results, protocol):
    """Writes everything; the pairs' records pass through one at a time.

    The first method's results are at the top: `pairs`, `groups`, `all`,
    `breakdowns`, `num_skipped`. Those of the others are under `presets` and
    `baselines`.

    Args:
        path: name of the file.
        settings: dict that JSON can hold.
        results: dict, name of a method -> `Results`.
        protocol: `Protocol`.
    """
    first, *others = results
    with (
        atomic.atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8") as file,
    ):
        file.write(f'{{"settings": {json.dumps(settings)},\n')
        file.write(f'"protocol": {json.dumps(protocol.title)},\n')
        _write_method(file, results[first], protocol)
        for kind in ("preset", "baseline"):
            file.write(f',\n"{kind}s": {{')
            names = [name for name in others if results[name].kind == kind]
            for number, name in enumerate(names):
                file.write(f"{',' if number else ''}\n{json.dumps(name)}: {{")
                _write_method(file, results[name], protocol)
                file.write("}")
            file.write("}")
        file.write("}\n")


def _write_method(file, results, protocol):
    file.write('"pairs": [')
    for number, record in enumerate(results.records()):
        comma = "," if number else ""
        file.write(f"{comma}\n{json.dumps(_public(record, protocol))}")
    totals = results.totals
    parts = {
        "groups": totals.groups(),
        "all": totals.all_pairs(),
        "breakdowns": totals.breakdowns(),
        "num_skipped": totals.num_skipped,
    }
    file.write("]")
    for name, part in parts.items():
        text = json.dumps(pair_journal.to_json(part), allow_nan=False)
        file.write(f',\n"{name}": {text}')


def _public(record, protocol):
    """Returns a record without sums and what is not defined."""
    always = protocol.always
    return {
        name: value
        for name, value in record.items()
        if name in always
        or (name not in ("sums", "attributes") and value is not None)
    }


def write_csv(path, results, protocol):
    """Writes a row for each method and pair.

    Args:
        path: name of the file.
        results: dict, name of a method -> `Results`.
        protocol: `Protocol`.
    """
    columns = ["method", "name", "group", *protocol.metrics, "seconds", "error"]
    with (
        atomic.atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(
            file, columns, extrasaction="ignore", lineterminator="\n"
        )
        writer.writeheader()
        for name, method in results.items():
            for record in method.records():
                writer.writerow({"method": name, **record})


def write_markdown(path, results, protocol):
    """Writes the tables of all methods.

    Args:
        path: name of the file.
        results: dict, name of a method -> `Results`.
        protocol: `Protocol`.
    """
    text = f"{protocol.title}\n\n"
    for rows in all_tables(results, protocol):
        text += tables.to_markdown(rows) + "\n\n"
    atomic.write_bytes(path, text.rstrip("\n").encode() + b"\n")


def all_tables(results, protocol):
    """Returns the tables of all methods, lists of rows.

    Args:
        results: dict, name of a method -> `Results`.
        protocol: `Protocol`.
    """
    found = []
    for name, method in results.items():
        found.append(tables.group_rows(name, method.totals, protocol))
        found += tables.breakdown_rows(name, method.totals, protocol)
    return found + comparisons(results, protocol)


def comparisons(results, protocol):
    """Returns the table that compares the methods, if there is one to make.

    Args:
        results: dict, name of a method -> `Results`.
        protocol: `Protocol`.

    Returns:
        List of at most one table, a list of rows.
    """
    methods = {name: method.totals for name, method in results.items()}
    rows = tables.comparison_rows(methods, protocol)
    return [rows] if len(methods) > 1 and len(rows) > 1 else []
