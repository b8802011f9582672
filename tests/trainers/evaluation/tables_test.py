import dataclasses

import pytest

from gocor_tf.trainers.evaluation import protocols, scoring, tables
from gocor_tf.trainers.evaluation.totals import Totals
from tests.trainers.evaluation.fake_pairs import (
    constant_flow,
    moves_by,
    sample,
)

PAIRS = protocols.PAIRS
BLANK = sample()["reference"]


def _record(name, group, confidence=None, **truth):
    pair = sample(name, group, {"level": group}, **truth)
    estimate = moves_by(0, 0, confidence)(BLANK, BLANK)
    return scoring.score(pair, estimate, PAIRS) | {"seconds": 0.25}


def _moving(name, group, length, confidence=None):
    return _record(name, group, confidence, flow=constant_flow(length))


def _turning(name, group):
    errors = {"rotation_error": 3.0, "translation_error": 4.0}
    return _record(name, group) | errors


def _totals(*records, **changes):
    totals = Totals(dataclasses.replace(PAIRS, **changes))
    for record in records:
        totals.update(record)
    return totals


def test_pairs_have_a_line_each():
    records = [_moving("a", "g", 4), _turning("b", "h")]
    skipped = {"name": "c", "error": "gone"}
    rows = tables.pair_rows("net, pairs", [*records, skipped], PAIRS)
    assert rows == [
        [
            *("net, pairs", "AEPE", "median"),
            *("PCK-1", "PCK-3", "PCK-5", "PCK-10"),
            *("rotation", "transl.", "seconds"),
        ],
        [
            "a",
            "4.00",
            "4.00",
            "0.0",
            "0.0",
            "100.0",
            "100.0",
            "-",
            "-",
            "0.250",
        ],
        ["b", *["-"] * 6, "3.00", "4.00", "0.250"],
    ]


@pytest.mark.parametrize("name", ["yfcc100m", "megadepth"])
def test_pairs_have_what_the_protocol_averages(name):
    protocol = protocols.PROTOCOLS[name]
    records = [_moving("a", "g", 4) | _turning("a", "g") | {"pck5": 100.0}]
    heading, row = tables.pair_rows("net", records, protocol)
    assert heading[-3:] == ["rotation", "transl.", "seconds"]
    assert row[-3:] == ["3.00", "4.00", "0.250"]
    assert ("PCK-5" in heading) == (name == "megadepth")


def test_groups_have_a_line_each_and_the_whole():
    totals = _totals(_moving("a", "g", 4), _moving("b", "h", 2))
    rows = tables.group_rows("net", totals, PAIRS)
    assert [row[:3] for row in rows] == [
        ["net", "pairs", "AEPE"],
        ["g", "1", "4.00"],
        ["h", "1", "2.00"],
        ["all", "2", "3.00"],
    ]
    assert "rotation" not in rows[0] and "AUSE" not in rows[0]


def test_one_group_is_the_whole():
    rows = tables.group_rows("net", _totals(_moving("a", "g", 4)), PAIRS)
    assert [row[0] for row in rows] == ["net", "g"]


def test_a_group_may_be_called_all():
    totals = _totals(_moving("a", "all", 4), _moving("b", "h", 2))
    rows = tables.group_rows("net", totals, PAIRS)
    assert [row[0] for row in rows] == ["net", "all", "h", "all groups"]
    assert rows[1][2] == "4.00" and rows[3][2] == "3.00"


def test_poses_have_their_areas():
    heading, row = tables.group_rows("net", _totals(_turning("a", "g")), PAIRS)
    assert heading[2:] == (
        ["rotation", "transl.", "AUC-5", "AUC-10", "AUC-20", "seconds"]
    )
    # The larger error is 4: (4 * 1/2 + 6) / 10.
    assert row[5] == "80.0"


def test_confidence_adds_a_column():
    totals = _totals(_moving("a", "g", 4, confidence=0.5))
    heading, row = tables.group_rows("net", totals, PAIRS)
    assert heading[-2:] == ["AUSE", "seconds"] and row[-2] == "0.000"


def test_breakdowns_say_whose_they_are():
    totals = _totals(
        _moving("a", "g", 4), _moving("b", "h", 2), breakdowns=("level",)
    )
    protocol = dataclasses.replace(PAIRS, breakdowns=("level",))
    (rows,) = tables.breakdown_rows("net", totals, protocol)
    assert [row[:3] for row in rows] == [
        ["net, level", "pairs", "AEPE"],
        ["g", "1", "4.00"],
        ["h", "1", "2.00"],
    ]


def test_methods_are_compared_where_there_is_an_error():
    one = _totals(_moving("a", "g", 4), _turning("b", "h"))
    other = _totals(_moving("a", "g", 6), _turning("b", "h"))
    rows = tables.comparison_rows({"net": one, "dis": other}, PAIRS)
    assert rows == [
        ["AEPE / PCK-5", "net", "dis"],
        ["g", "4.00 / 100.0", "6.00 / 0.0"],
        ["all", "4.00 / 100.0", "6.00 / 0.0"],
    ]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("aepe_of_pixels", "AEPE"),
        ("pck1_of_pixels", "PCK-1"),
        ("pck_alpha_0.05", "PCK@0.05"),
        ("fl_of_pixels", "Fl"),
        ("map5", "mAP-5"),
        ("auc20", "AUC-20"),
        ("viewpoint_variation", "viewpoint variation"),
    ],
)
def test_metrics_have_the_names_of_the_field(metric, expected):
    assert tables.label(metric) == expected


def test_text_is_aligned():
    text = tables.to_text([["title", "a", "b"], ["x", "1.00", "-"]], width=5)
    assert text == "title     a     b\nx      1.00     -"
    assert len(tables.to_text([["title", "a" * 20]])) == 26


def test_markdown_escapes_bars():
    assert tables.to_markdown([["a|b", "c"], ["1", "2"]]) == (
        "| a\\|b | c |\n| --- | ---: |\n| 1 | 2 |"
    )
