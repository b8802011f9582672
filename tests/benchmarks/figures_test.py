"""Figures come back from their file, and changes stand out from noise."""

import dataclasses
import json

import pytest

from benchmarks import figures, stopwatch

FACTS = {"backend": "tensorflow", "device": "cpu", "versions": {}}
PRODUCT = figures.Figure(
    "rates", "matrix product", "10x10x10", "float32", "forward", "ms",
    1.0, 2.0, 3.0, 5, products=1000,
)  # fmt: skip
CORRELATION = figures.Figure(
    "ops", "correlation", "8x8x8", "tiles", "forward", "ms",
    9.0, 10.0, 11.0, 5, products=100,
)  # fmt: skip


def spread_of(figure, low, median, high):
    return dataclasses.replace(figure, low=low, median=median, high=high)


def test_json_round_trip(tmp_path):
    path = tmp_path / "run.json"
    figures.save(path, FACTS, [PRODUCT, CORRELATION])
    assert figures.load(path, FACTS) == [PRODUCT, CORRELATION]
    record = json.loads(path.read_text())["figures"][1]
    assert record["section"] == "ops" and record["what"] == "correlation"
    assert record["low"] == 9.0 and record["high"] == 11.0
    assert record["runs"] == 5 and record["unit"] == "ms"


@pytest.mark.parametrize(
    ("spread", "verdict"),
    [
        ((19.0, 20.0, 21.0), "more than before"),
        ((4.0, 5.0, 6.0), "less than before"),
        # Twice the median, but the quartiles overlap.
        ((10.5, 20.0, 30.0), None),
        # Apart, but by less than a tenth.
        ((11.0 - 0.05, 10.9, 11.5), None),
        ((9.0, 10.0, 11.0), None),
    ],
)
def test_comparison_flags_changes_beyond_the_noise(spread, verdict):
    now = [PRODUCT, spread_of(CORRELATION, *spread)]
    *lines, summary = figures.compare([PRODUCT, CORRELATION], now)
    flags = [line.partition("<-- ")[2] for line in lines]
    assert flags == ["", verdict or ""]
    changed = 1 if verdict else 0
    assert summary == f"{changed} of 2 figures changed beyond the noise"


@pytest.mark.parametrize(("value", "flagged"), [(12.0, False), (14.0, True)])
def test_what_was_measured_once_must_change_more(value, flagged):
    once = dataclasses.replace(spread_of(CORRELATION, 10.0, 10.0, 10.0), runs=1)
    line, _ = figures.compare([once], [spread_of(once, *3 * [value])])
    assert ("<--" in line) == flagged


def test_comparison_begins_with_the_machine_and_leaves_out_what_is_new():
    new = dataclasses.replace(CORRELATION, way="other")
    slower = spread_of(PRODUCT, 3.0, 4.0, 5.0)
    lines = figures.compare([CORRELATION, PRODUCT], [new, CORRELATION, slower])
    assert len(lines) == 3
    assert (
        lines[0].startswith("matrix product 10x10x10") and "2.00x" in lines[0]
    )


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"format": "other"}', '{"format": 1, "figures": 2}'],
)
def test_refuses_what_is_no_run(tmp_path, text):
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="`--compare` must name a file that"):
        figures.load(path, FACTS)


def test_refuses_a_missing_file(tmp_path):
    with pytest.raises(ValueError, match="`--compare` must name a file that"):
        figures.load(tmp_path / "none.json", FACTS)


@pytest.mark.parametrize(
    "other", [{"backend": "jax"}, {"device": "NVIDIA H200"}]
)
def test_refuses_runs_of_other_devices(tmp_path, other):
    path = tmp_path / "run.json"
    figures.save(path, FACTS | other, [PRODUCT])
    with pytest.raises(
        ValueError, match="must name a run of tensorflow on cpu"
    ):
        figures.load(path, FACTS)


def test_roofline_names_what_limits():
    copy = figures.Figure(
        "device rates", "copy", "1 MiB", "float32", "forward", "ms",
        1.0, 1.0, 1.0, 3, traffic=1000,
    )  # fmt: skip
    product = dataclasses.replace(PRODUCT, section="device rates")
    # 500 multiply-adds and 1000 bytes a millisecond are possible.
    known = [copy, product]
    figure = dataclasses.replace(CORRELATION, way="float32", traffic=5000)
    assert figures.roofline(figure, known) == (0.5, "bandwidth")
    figure = dataclasses.replace(figure, products=4000)
    assert figures.roofline(figure, known) == (0.8, "matrix rate")


def test_pairs_per_second_come_lowest_first():
    figure = dataclasses.replace(CORRELATION, size="4x480x640")
    low, median, high = figures.pairs_per_second(figure)
    assert low < median < high and median == 400


def test_spread_gives_quartiles():
    assert stopwatch.spread([4, 1, 2, 3, 5]) == (2, 3, 4, 5)
    assert stopwatch.spread([40, 10, 20, 30, 50], 10) == (2, 3, 4, 5)
