"""The tables of benchmarks/run.py, in Markdown."""

from benchmarks import backend, figures, report
from gocor_tf.trainers.evaluation.tables import to_markdown

_TITLES = {
    "memory": "peak memory",
    "training": "training step",
    "serving": "one request",
    "rendering": "rendering of pairs",
}
COMPARISON = (
    "<!-- begin of the comparison -->",
    "<!-- end of the comparison -->",
)
# What two runs are compared in; first the machine itself.
_COMPARED = ("rates", "ops", "layers", "published")


def write(path, facts, known, before=()):
    """Writes the tables of a run between the markers of a file.

    Args:
        path: Markdown file with the markers.
        facts: see `backend.describe`.
        known: list of figures.
        before: those of an earlier run to compare with, if there is one.
    """
    report.replace_between_markers(path, format_run(facts, known))
    if before:
        comparison = format_comparison(before, known)
        report.replace_between_markers(path, comparison, COMPARISON)


def format_run(facts, known):
    """Formats all figures of a run.

    Args:
        facts: see `backend.describe`.
        known: list of figures.
    """
    sections = {}
    for figure in known:
        sections.setdefault(figure.section, []).append(figure)
    operations = [
        *sections.get("ops", []),
        *sections.get("layers", []),
    ]
    parts = [
        _machine(facts, known),
        operations and _table_of_operations(operations, known),
        *(
            _table_of_ways(title, sections[section])
            for section, title in _TITLES.items()
            if section in sections
        ),
        *(
            make(sections[section], known)
            for section, make in _TABLES.items()
            if section in sections
        ),
    ]
    return "\n\n".join(filter(None, parts))


def format_comparison(before, now):
    """Formats what this project's own ways took in two runs.

    Args:
        before: list of figures of an earlier run.
        now: those of this one.
    """
    stored = {figure.key: figure for figure in before}
    rows = [["what", "before, ms", "after, ms", "after / before"]]
    compared = [figure for figure in now if figure.section in _COMPARED]
    for group in _groups(compared).values():
        for mode, (ours, *_) in report.by_mode(group).items():
            if ours.key not in stored:
                continue
            old = stored[ours.key]
            title = f"{ours.what} {ours.size}, {report.mode_title(mode)}"
            ratio = f"{ours.median / old.median:.2f}"
            rows.append([title, _cell(old), _cell(ours), ratio])
    return to_markdown(rows)


def _machine(facts, known):
    name, machine = facts["backend"], facts["machine"]
    where = f"{machine['cores']} CPU cores ({machine['architecture']})"
    if facts["device"] != "cpu":
        where = f"{facts['device']}, beside {where}"
    title = backend.TITLES[name]
    compiled = "graphs without XLA" if name == "tensorflow" else "XLA"
    return (
        f"Measured on {where}, {title} {facts['versions'][name]}, "
        f"{compiled}, batches of one, float32. Medians, and quartiles in "
        "parentheses. The matrix product reaches "
        f"{2e-6 * figures.matrix_rate(known):.0f} GFLOP/s."
    )


def _groups(found):
    """Returns (what, size) -> list of figures."""
    groups = {}
    for figure in found:
        groups.setdefault((figure.what, figure.size), []).append(figure)
    return groups


def _table_of_operations(found, known):
    rows = [
        [
            "what",
            "how",
            "forward, ms",
            "forward + gradient, ms",
            "share of the matrix rate",
        ]
    ]
    for (what, size), group in _groups(found).items():
        modes = report.by_mode(group)
        ours = modes["forward"][0]
        for timed in zip(*modes.values(), strict=True):
            first = timed[0]
            cells = [
                _cell(figure, modes[figure.mode][0], figure.way != ours.way)
                for figure in timed
            ]
            share = first.products / first.median / figures.matrix_rate(known)
            cells.append(f"{share:.1%}" if share and first is ours else "")
            rows.append([f"{what} {size}", f"`{first.way}`", *cells])
    return to_markdown(rows, titles=2)


def _table_of_ways(title, found):
    unit = found[0].unit
    rows = [[title, "how", unit]]
    for (what, size), group in _groups(found).items():
        for figure in group:
            cell = _cell(figure, group[0], figure is not group[0])
            rows.append([f"{what} {size}", figure.way, cell])
    return to_markdown(rows, titles=2)


def _table_of_overheads(found, known):
    rows = [
        [
            "network, forward",
            "images",
            "plain correlation, ms",
            "GOCor, ms",
            "overhead",
        ]
    ]
    for (what, size), (plain, gocor) in _groups(found).items():
        overhead = f"{gocor.median / plain.median:.2f}"
        rows.append([what, size, _cell(plain), _cell(gocor), overhead])
    return to_markdown(rows, titles=2)


def _table_of_published(found, known):
    rows = [
        [
            "network, forward",
            "images",
            "ours, ms",
            "published code, ms",
            "ratio",
        ]
    ]
    for (what, size), (ours, *published) in _groups(found).items():
        cells = ["", ""]
        if published:
            theirs = published[0].median
            cells = [f"{theirs:.0f}", f"{theirs / ours.median:.1f}"]
        rows.append([what, size, _cell(ours), *cells])
    return to_markdown(rows, titles=2)


def _table_of_rates(found, known):
    rows = [["the device", "in", "rate"]]
    rows += [[f"{f.what} {f.size}", f.way, report.rate(f)] for f in found]
    return to_markdown(rows, titles=2)


def _table_of_rooflines(found, known):
    rows = [
        ["operation, forward", "in", "ms", "limited by", "share of the limit"]
    ]
    for f in found:
        share, limit = figures.roofline(f, known)
        rows.append(
            [f"{f.what} {f.size}", f.way, _cell(f), limit, f"{share:.1%}"]
        )
    return to_markdown(rows, titles=2)


def _table_of_throughput(found, known):
    rows = [["network", "pairs", "in", "pairs per second"]]
    for f in found:
        low, median, high = figures.pairs_per_second(f)
        rate = f"{median:.1f} ({low:.1f} to {high:.1f})"
        rows.append([f.what, f.size, f.way, rate])
    return to_markdown(rows, titles=3)


_TABLES = {
    "networks": _table_of_overheads,
    "published": _table_of_published,
    "device rates": _table_of_rates,
    "roofline": _table_of_rooflines,
    "throughput": _table_of_throughput,
}


def _cell(figure, ours=None, with_ratio=False):
    ratio = f", {figure.median / ours.median:.1f}x" if with_ratio else ""
    if figure.runs == 1:
        return f"{figure.median:.1f}{ratio}"
    return f"{figures.format_spread(figure)}{ratio}"
