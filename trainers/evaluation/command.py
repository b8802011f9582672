"""One run of `gocor-evaluate`: all methods on one data set, and the reports."""

import dataclasses
import functools
import os

import keras
from absl import app

from gocor_tf.data import atomic
from gocor_tf.data.evaluation_sets.pair_list import PairList

from .. import command_line, output_folder
from . import (
    devices,
    evaluate_lib,
    methods,
    page,
    pair_journal,
    pictures,
    protocols,
    report,
    tables,
)

# More are not printed; they are in the files.
_PRINTED_PAIRS = 200
_COMPARISON_WIDTH = 16
# At each end of the page.
_SHOWN_PAIRS = 8
_SETTINGS = (
    *("pairs", "dataset", "data_dir", "variant", "preset", "weights", "mode"),
    *("num_iterations", "baseline", "batch_size", "device", "skip_bad"),
    *("save_flow", "max_pixels"),
)


def run(arguments):
    """Evaluates, prints tables and writes files.

    Args:
        arguments: the flags of `gocor-evaluate`.

    Raises:
        UsageError: if a flag names what does not exist.
        ValueError: if a file cannot be read or written, or a pair be scored.
    """
    protocol, pairs = _open_pairs(arguments)
    output = _prepare_output(arguments)
    settings = {name: getattr(arguments, name) for name in _SETTINGS}
    settings |= {
        "protocol": protocol.title,
        "backend": keras.backend.backend(),
    }
    with devices.use(arguments.device):
        everything = methods.create(arguments)
        journal = _open_journal(output, settings, len(pairs))
        print(protocol.title, end="\n\n")
        results = {
            name: _evaluate(arguments, name, method, pairs, protocol, journal)
            for name, method in everything.items()
        }
        _print_comparison(results, protocol)
        if output:
            report.write_json(output, settings, results, protocol)
        if arguments.report_dir:
            _write_report(
                arguments.report_dir, results, everything, pairs, protocol
            )
    journal.remove()


def _open_pairs(arguments):
    """Returns the protocol and the evaluation set."""
    if arguments.pairs:
        if arguments.variant is not None:
            raise app.UsageError("`--variant` goes with --dataset")
        return protocols.PAIRS, PairList(arguments.pairs)
    protocol = protocols.find(arguments.dataset)
    pairs = protocol.open(arguments.data_dir, arguments.variant)
    if arguments.variant is not None:
        title = f"{protocol.title}; variant {arguments.variant}"
        protocol = dataclasses.replace(protocol, title=title)
    return protocol, pairs


def _prepare_output(arguments):
    """Makes the folders; returns the name of the JSON file, or None."""
    output = arguments.output
    if arguments.report_dir:
        # Missing, it would only be missed at the end.
        command_line.import_extra("matplotlib.figure", "evaluate")
        output_folder.create(arguments.report_dir, "report_dir")
        output = output or os.path.join(arguments.report_dir, "results.json")
    if arguments.output:
        output_folder.create_parent(arguments.output, "output")
    return output


def _open_journal(output, settings, num_pairs):
    """Opens the journal; `--skip_bad` may be another than before."""
    if output is None:
        return pair_journal.PairJournal(None, {})
    header = settings | {"num_pairs": num_pairs}
    del header["skip_bad"]
    return pair_journal.PairJournal(f"{output}.partial", header)


def _evaluate(arguments, name, method, pairs, protocol, journal):
    """Evaluates one method, prints its tables and returns its `Results`."""
    is_baseline = name in arguments.baseline
    flow_dir = arguments.save_flow
    if flow_dir is not None:
        if is_baseline or len(arguments.preset) > 1:
            flow_dir = os.path.join(flow_dir, name)
        output_folder.create(flow_dir, "save_flow")
    options = evaluate_lib.Options(
        flow_dir, arguments.skip_bad, arguments.batch_size
    )
    records = evaluate_lib.evaluate(
        name, method, pairs, protocol, journal, options
    )
    kept = [] if len(pairs) <= _PRINTED_PAIRS else None
    totals = evaluate_lib.summarize(_keep(records, kept), protocol)
    if kept is not None:
        _print(tables.pair_rows(f"{name}, pairs", kept, protocol))
    for rows in (
        tables.group_rows(f"{name}, means", totals, protocol),
        *tables.breakdown_rows(name, totals, protocol),
    ):
        _print(rows)
    if totals.num_skipped:
        print(f"{name}, pairs skipped: {totals.num_skipped}", end="\n\n")
    return report.Results(
        functools.partial(journal.records, name),
        totals,
        "baseline" if is_baseline else "preset",
    )


def _keep(records, kept):
    """Yields the records and keeps them in a list, if any, without sums."""
    for record in records:
        if kept is not None:
            kept.append({k: v for k, v in record.items() if k != "sums"})
        yield record


def _print(rows, **options):
    print(tables.to_text(rows, **options), end="\n\n")


def _print_comparison(results, protocol):
    for rows in report.comparisons(results, protocol):
        _print(rows, width=_COMPARISON_WIDTH)


def _write_report(folder, results, everything, pairs, protocol):
    """Writes Markdown, CSV, plots and the page of pairs."""
    report.write_markdown(f"{folder}/results.md", results, protocol)
    report.write_csv(f"{folder}/pairs.csv", results, protocol)
    all_totals = {name: result.totals for name, result in results.items()}
    curves = pictures.draw_curves(all_totals)
    for name, png in curves.items():
        atomic.write_bytes(f"{folder}/{name}.png", png)
    first = next(iter(results))
    page.write_page(
        f"{folder}/index.html",
        protocol.title,
        report.all_tables(results, protocol),
        curves,
        _sections(first, everything[first], results[first], pairs, protocol),
    )


def _sections(name, method, results, pairs, protocol):
    """Returns the worst and best pairs of a method, drawn when asked for."""
    extremes = page.Extremes(
        protocol.worst_first, protocol.rising, _SHOWN_PAIRS
    )
    for index, record in enumerate(results.records()):
        extremes.update(index, record)
    worst, best = extremes.result()
    return {
        f"{name}, {title} pairs": (
            _draw(method, pairs[index], score, protocol)
            for index, score in chosen
        )
        for title, chosen in (("worst", worst), ("best", best))
        if chosen
    }


def _draw(method, sample, score, protocol):
    caption = (
        f"{sample['group']}: {sample['name']}, "
        f"{tables.label(protocol.worst_first)} {score:.2f}"
    )
    estimate = method(sample["reference"], sample["query"])
    return caption, page.draw_pair(sample, estimate)
