"""Tests of the benchmarks' lines and tables."""

import pytest

from benchmarks import cases, report

PRODUCT = cases.Case("product", {"ours": None}, [], products=1000)
CORRELATION = cases.Case(
    "correlation", {"tiles": None, "other": None}, [], products=100
)
RESULTS = [
    (PRODUCT, {"forward": {"ours": 1.0}, "gradient": {"ours": 3.0}}),
    (
        CORRELATION,
        {
            "forward": {"tiles": 0.5, "other": 2.0},
            "gradient": {"tiles": 1.0, "other": 5.0},
        },
    ),
]
RENDERING = {
    "ours": (8.0, 10.0, 12.5),
    "OpenCV": (20.0, 25.0, 50.0),
    "coarse": (5.0, 5.0, 5.0),
}


def test_prints_one_line_per_ratio(capsys):
    report.print_ratios(*RESULTS[1], rate=report.matrix_rate(RESULTS))
    report.print_overhead("BaseNet", 3.0, 2.0)
    report.print_published("glunet", 2.0, 5.0)
    report.print_rendering("static", RENDERING)
    assert capsys.readouterr().out.splitlines() == [
        "correlation, forward, other / tiles: 4.00",
        "correlation, forward + gradient, other / tiles: 5.00",
        "correlation, forward, share of the matrix rate: 20.0%",
        "GOCor overhead, BaseNet: 1.50",
        "published / ours, glunet: 2.50 (2.00 s)",
        "pair rendering, static: 2.50 x",
        "pair rendering, static, against coarse: 0.50 x",
        "  ours: 100.0 pairs/s (80.0 to 125.0)",
        "  OpenCV: 40.0 pairs/s (20.0 to 50.0)",
        "  coarse: 200.0 pairs/s (200.0 to 200.0)",
    ]


def test_replaces_what_lies_between_the_markers(tmp_path):
    path = tmp_path / "performance.md"
    path.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write(
        path,
        RESULTS,
        {"BaseNet": ((256, 256), 3.0, 2.0)},
        {"glunet": (2.0, 5.0)},
        {"8x8x8": {"tiles": 1.0}},
        {"static": RENDERING},
    )
    text = path.read_text()
    assert "old" not in text
    assert text.startswith("before\n") and text.endswith("\nafter\n")
    assert "| correlation | `other` | 2.0 (4.0x) | 5.0 (5.0x) |" in text
    assert "| BaseNet | 256 x 256 | 2.0 | 3.0 | 1.50 |" in text
    assert "| static | ours | 10.0 (8.0 to 12.5) |  |" in text
    assert "| static | OpenCV | 25.0 (20.0 to 50.0) | 2.5x |" in text
    assert "| glunet | 2.00 | 5.00 | 2.5 |" in text


def test_needs_the_markers(tmp_path):
    path = tmp_path / "performance.md"
    path.write_text("no marker")
    with pytest.raises(ValueError, match="`output` must hold the lines"):
        report.write(path, RESULTS, {}, {}, {}, {})
