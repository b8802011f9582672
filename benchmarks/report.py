"""Lines about the benchmarks' figures, and the files that hold results."""

import os

from benchmarks import figures
from gocor_tf.data import atomic

BEGIN, END = "<!-- begin of results -->", "<!-- end of results -->"
# Sections whose lines would not say what was measured.
_PREFIXED = ("training", "serving")
_MODES = {"gradient": "forward + gradient"}


def lines(group, known):
    """Returns the ratios of one comparison, and below them what was measured.

    Args:
        group: list of figures of one section; the first is the yardstick.
        known: all figures of the run so far, with the matrix product.
    """
    section = group[0].section
    ratios = _RATIOS.get(section, _ratios)(group, known)
    rows = _in_pairs if section in ("rendering", "throughput") else _in_units
    return [*ratios, *(f"  {row}" for row in rows(group))]


def mode_title(mode):
    """Returns a mode of figures as people read it."""
    return _MODES.get(mode, mode)


def rate(figure):
    """Returns the rate of a figure with products, or else with traffic."""
    if figure.products:
        return f"{2e-6 * figure.products / figure.median:.0f} GFLOP/s"
    return f"{1e-6 * figure.traffic / figure.median:.1f} GB/s"


def by_mode(group):
    """Returns mode -> list of its figures."""
    modes = {}
    for figure in group:
        modes.setdefault(figure.mode, []).append(figure)
    return modes


def _ratios(group, known):
    """Says how much longer the other ways take than the first."""
    found = []
    for mode, (ours, *others) in by_mode(group).items():
        title = f"{ours.what} {ours.size}, {mode_title(mode)}"
        if ours.section in _PREFIXED:
            title = f"{ours.section}, {title}"
        found += [
            f"{title}, {f.way} / {ours.way}: {f.median / ours.median:.2f}"
            for f in others
        ]
        if not others:
            found.append(f"{title}, {ours.way}: {ours.median:.1f} {ours.unit}")
        if ours.products and mode == "forward":
            share = ours.products / ours.median / figures.matrix_rate(known)
            found.append(f"{title}, share of the matrix rate: {share:.1%}")
    return found


def _rates(group, known):
    return [f"{f.what} {f.size}, {f.way}: {rate(f)}" for f in group]


def _roofline(group, known):
    found = []
    for figure in group:
        share, limit = figures.roofline(figure, known)
        title = f"{figure.what} {figure.size}, {figure.way}"
        found.append(f"{title}, share of the roofline ({limit}): {share:.1%}")
    return found


def _overhead(group, known):
    plain, gocor = group
    return [f"GOCor overhead, {gocor.what}: {gocor.median / plain.median:.2f}"]


def _published(group, known):
    ours, *published = group
    seconds = f"{ours.median / 1e3:.2f} s"
    if not published:
        return [f"ours, {ours.what}: {seconds}"]
    ratio = published[0].median / ours.median
    return [f"published / ours, {ours.what}: {ratio:.2f} ({seconds})"]


def _rendering(group, known):
    ours, *others = group
    found = []
    for figure in others:
        way = "" if figure.way == "OpenCV" else f", against {figure.way}"
        ratio = figure.median / ours.median
        found.append(f"pair rendering, {figure.what}{way}: {ratio:.2f} x")
    return found


def _throughput(group, known):
    return [
        f"pairs per second, {f.what} {f.size}, {f.way}: "
        f"{figures.pairs_per_second(f)[1]:.1f}"
        for f in group
    ]


_RATIOS = {
    "rates": _rates,
    "device rates": _rates,
    "roofline": _roofline,
    "networks": _overhead,
    "published": _published,
    "rendering": _rendering,
    "throughput": _throughput,
}


def _in_units(group):
    """Returns a row for each mode: all ways with their spread."""
    for mode, ways in by_mode(group).items():
        cells = [
            f"{f.way} {figures.format_spread(f)} {f.unit}"
            if f.runs > 1
            else f"{f.way} {f.median:.1f} {f.unit}"
            for f in ways
        ]
        yield f"{mode_title(mode)}: {', '.join(cells)}"


def _in_pairs(group):
    for figure in group:
        low, median, high = figures.pairs_per_second(figure)
        yield f"{figure.way}: {median:.1f} pairs/s ({low:.1f} to {high:.1f})"


def replace_between_markers(path, text, markers=(BEGIN, END)):
    """Replaces what lies between two markers of a file.

    Args:
        path: Markdown file with both markers.
        text: what they shall enclose.
        markers: the two lines.

    Raises:
        ValueError: as `split_at_markers`.
    """
    head, tail = split_at_markers(path, markers)
    body = f"\n\n{text}\n\n".join(markers)
    atomic.write_bytes(path, (head + body + tail).encode())


def split_at_markers(path, markers=(BEGIN, END)):
    """Returns what stands before and after two markers of a file.

    Args:
        path: Markdown file with both markers.
        markers: the two lines.

    Raises:
        ValueError: if there is no such file, or a marker is missing.
    """
    begin, end = markers
    text = ""
    if os.path.isfile(path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
    if begin not in text or end not in text:
        raise ValueError(
            f"`output` must hold the lines {begin!r} and {end!r}. "
            f"Received: output={path!r}"
        )
    head, _, rest = text.partition(begin)
    return head, rest.partition(end)[2]
