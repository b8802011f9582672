"""Tests of the benchmarks' lines and tables."""

import pytest

from benchmarks import figures, report, tables
from benchmarks.stopwatch import Spread

FACTS = {
    "backend": "tensorflow",
    "device": "cpu",
    "machine": {"cores": 2, "architecture": "x86_64"},
    "versions": {"tensorflow": "2.21.0"},
}


def spread(median):
    return Spread(0.8 * median, median, 1.25 * median, 5)


def group(section, what, times, mode="forward", size="8x8x8", **work):
    spreads = {way: spread(median) for way, median in times.items()}
    return figures.time_figures(section, what, size, spreads, mode, **work)


PRODUCT = group("rates", "matrix product", {"float32": 1.0}, products=1000)
CORRELATION = [
    *group("ops", "correlation", {"tiles": 0.5, "other": 2.0}, products=100),
    *group(
        "ops",
        "correlation",
        {"tiles": 1.0, "other": 5.0},
        "gradient",
        products=100,
    ),
]
OVERHEAD = group("networks", "BaseNet", {"plain correlation": 2.0, "GOCor": 3})
PUBLISHED = group("published", "glunet", {"ours": 2e3, "published code": 5e3})
OURS_ALONE = group("published", "default", {"ours": 100.0}, size="480x640")
MEMORY = [
    figures.Figure(
        "memory", "local GOCor", "8x8x8", way, "peak memory", "MB",
        value, value, value, 1,
    )
    for way, value in (("tiles", 10.0), ("ops.slice", 43.0))
]  # fmt: skip
RENDERING = group(
    "rendering",
    "static",
    {"ours": 10.0, "OpenCV": 25.0, "coarse": 5.0},
    size="520x520",
)
STEP = group("training", "default", {"GOCor": 20.0}, "step")
THROUGHPUT = group("throughput", "default", {"float32": 40.0}, size="4x480x640")
ALL = [PRODUCT, CORRELATION, OVERHEAD, PUBLISHED, OURS_ALONE, MEMORY]
ALL += [RENDERING, STEP, THROUGHPUT]


def test_prints_one_line_per_ratio_and_the_spread():
    lines = [line for g in ALL for line in report.lines(g, PRODUCT)]
    assert lines == [
        "matrix product 8x8x8, float32: 0 GFLOP/s",
        "  forward: float32 1.0 (0.8 to 1.2) ms",
        "correlation 8x8x8, forward, other / tiles: 4.00",
        "correlation 8x8x8, forward, share of the matrix rate: 20.0%",
        "correlation 8x8x8, forward + gradient, other / tiles: 5.00",
        "  forward: tiles 0.5 (0.4 to 0.6) ms, other 2.0 (1.6 to 2.5) ms",
        "  forward + gradient: tiles 1.0 (0.8 to 1.2) ms, "
        "other 5.0 (4.0 to 6.2) ms",
        "GOCor overhead, BaseNet: 1.50",
        "  forward: plain correlation 2.0 (1.6 to 2.5) ms, "
        "GOCor 3.0 (2.4 to 3.8) ms",
        "published / ours, glunet: 2.50 (2.00 s)",
        "  forward: ours 2000.0 (1600.0 to 2500.0) ms, "
        "published code 5000.0 (4000.0 to 6250.0) ms",
        "ours, default: 0.10 s",
        "  forward: ours 100.0 (80.0 to 125.0) ms",
        "local GOCor 8x8x8, peak memory, ops.slice / tiles: 4.30",
        "  peak memory: tiles 10.0 MB, ops.slice 43.0 MB",
        "pair rendering, static: 2.50 x",
        "pair rendering, static, against coarse: 0.50 x",
        "  ours: 100.0 pairs/s (80.0 to 125.0)",
        "  OpenCV: 40.0 pairs/s (32.0 to 50.0)",
        "  coarse: 200.0 pairs/s (160.0 to 250.0)",
        "training, default 8x8x8, step, GOCor: 20.0 ms",
        "  step: GOCor 20.0 (16.0 to 25.0) ms",
        "pairs per second, default 4x480x640, float32: 100.0",
        "  float32: 100.0 pairs/s (80.0 to 125.0)",
    ]


def test_tables_give_medians_quartiles_and_ratios():
    text = tables.format_run(FACTS, [figure for g in ALL for figure in g])
    assert "2 CPU cores (x86_64), TensorFlow 2.21.0" in text
    cells = "2.0 (1.6 to 2.5), 4.0x | 5.0 (4.0 to 6.2), 5.0x"
    assert f"| correlation 8x8x8 | `other` | {cells} |" in text
    cells = "2.0 (1.6 to 2.5) | 3.0 (2.4 to 3.8) | 1.50"
    assert f"| BaseNet | 8x8x8 | {cells} |" in text
    assert "| glunet | 8x8x8 | 2000.0 (1600.0 to 2500.0) | 5000 | 2.5 |" in text
    assert "| default | 480x640 | 100.0 (80.0 to 125.0) |  |  |" in text
    assert "| local GOCor 8x8x8 | ops.slice | 43.0, 4.3x |" in text
    assert "| static 520x520 | OpenCV | 25.0 (20.0 to 31.2), 2.5x |" in text
    assert "| default | 4x480x640 | float32 | 100.0 (80.0 to 125.0) |" in text


def test_replaces_what_lies_between_the_markers(tmp_path):
    path = tmp_path / "performance.md"
    path.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.replace_between_markers(path, "new")
    assert path.read_text() == (
        f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"
    )


def test_needs_the_markers(tmp_path):
    path = tmp_path / "performance.md"
    path.write_text("no marker")
    with pytest.raises(ValueError, match="`output` must hold the lines"):
        report.replace_between_markers(path, "new")


def test_tables_and_comparison_are_written_between_their_markers(tmp_path):
    path = tmp_path / "page.md"
    markers = [report.BEGIN, report.END, *tables.COMPARISON]
    path.write_text("\n".join(["old", *markers, "end"]))
    before = group("ops", "correlation", {"tiles": 2.0, "other": 2.0})
    now = [*PRODUCT, *CORRELATION]
    tables.write(path, FACTS, now, before)
    text = path.read_text()
    run, comparison = tables.format_run(FACTS, now), "| 0.25 |"
    places = [text.index(x) for x in (*markers[:1], run, *markers[1:])]
    assert places == sorted(places)
    assert markers[2] in text.partition(comparison)[0]
    assert text.startswith("old") and text.endswith("end")


def test_comparison_shows_our_own_ways_that_both_runs_have():
    before = group("ops", "correlation", {"tiles": 2.0, "other": 2.0})
    now = [*CORRELATION, *OVERHEAD, *PUBLISHED]
    assert tables.format_comparison(before, now).splitlines()[2:] == [
        "| correlation 8x8x8, forward | 2.0 (1.6 to 2.5) | 0.5 (0.4 to 0.6) "
        "| 0.25 |"
    ]
