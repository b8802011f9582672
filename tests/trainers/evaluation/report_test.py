import csv
import dataclasses
import json

import pytest

from gocor_tf.trainers.evaluation import (
    evaluate_lib,
    protocols,
    report,
    scoring,
)
from gocor_tf.trainers.evaluation.totals import Totals
from tests.trainers.evaluation.fake_pairs import moves_by, moving_pairs

PAIRS = protocols.PAIRS
SKIP = evaluate_lib.Options(skip_bad=True)


def _results(kind, method, **lengths):
    records = list(
        evaluate_lib.evaluate(
            "x", method, moving_pairs(**lengths), PAIRS, options=SKIP
        )
    )
    totals = evaluate_lib.summarize(records, PAIRS)
    return report.Results(lambda: iter(records), totals, kind)


@pytest.fixture
def results():
    sure = moves_by(1, 0, 0.5)
    return {
        "net": _results("preset", sure, a=1, b="gone", c=3),
        "other": _results("preset", moves_by(0), a=1, b=2, c=3),
        "dis": _results("baseline", moves_by(3), a=1, b=2, c=3),
    }


def test_json_has_the_first_method_on_top(results, tmp_path):
    report.write_json(tmp_path / "a.json", {"x": 1}, results, PAIRS)
    found = json.loads((tmp_path / "a.json").read_text())
    assert list(found) == [
        *("settings", "protocol", "pairs", "groups", "all", "breakdowns"),
        *("num_skipped", "presets", "baselines"),
    ]
    assert found["settings"] == {"x": 1}
    assert found["protocol"] == PAIRS.title
    assert [pair["name"] for pair in found["pairs"]] == ["a", "b", "c"]
    assert found["pairs"][1] == {"name": "b", "error": "gone"}
    assert found["groups"]["g"]["aepe"] == found["all"]["aepe"] == 1
    assert found["num_skipped"] == 1
    assert list(found["presets"]) == ["other"]
    assert list(found["baselines"]) == ["dis"]
    assert found["baselines"]["dis"]["groups"]["g"]["aepe"] == 1
    assert found["presets"]["other"]["pairs"][2]["aepe"] == 3


def test_pairs_in_json_have_their_scores_alone(results, tmp_path):
    report.write_json(tmp_path / "a.json", {}, results, PAIRS)
    pair = json.loads((tmp_path / "a.json").read_text())["pairs"][0]
    assert list(pair) == [
        *("name", "group", "aepe", "median", "pck1", "pck3", "pck5", "pck10"),
        *("fl", "ause_epe", "ause_pck1", "ause_pck5"),
        *("coverage", "seconds"),  # No pixel is sure.
    ]


def test_json_of_one_baseline(results, tmp_path):
    path = tmp_path / "a.json"
    report.write_json(path, {}, {"dis": results["dis"]}, PAIRS)
    found = json.loads(path.read_text())
    assert found["presets"] == found["baselines"] == {}
    assert len(found["pairs"]) == 3


def test_csv_has_a_row_for_each_method_and_pair(results, tmp_path):
    report.write_csv(tmp_path / "a.csv", results, PAIRS)
    with open(tmp_path / "a.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9
    assert (rows[2]["method"], rows[2]["name"]) == ("net", "c")
    assert float(rows[2]["aepe"]) == 2 and rows[2]["iou"] == ""
    assert rows[1]["error"] == "gone" and rows[1]["aepe"] == ""
    assert "sums" not in rows[0] and "attributes" not in rows[0]


def test_markdown_has_all_tables(results, tmp_path):
    report.write_markdown(tmp_path / "a.md", results, PAIRS)
    text = (tmp_path / "a.md").read_text()
    assert text.startswith(f"{PAIRS.title}\n\n| net | pairs | AEPE |")
    assert "\n| dis | pairs |" in text
    assert text.endswith("| g | 1.00 / 100.0 | 2.00 / 100.0 | 1.00 / 100.0 |\n")


def test_a_single_method_is_not_compared(results):
    assert report.comparisons({"net": results["net"]}, PAIRS) == []
    assert len(report.all_tables({"net": results["net"]}, PAIRS)) == 1


def test_without_errors_nothing_is_compared(results):
    empty = dataclasses.replace(results["net"], totals=Totals(PAIRS))
    assert report.comparisons({"a": empty, "b": empty}, PAIRS) == []


def test_an_interrupted_report_leaves_the_old_one(results, tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")

    def fail():
        raise OSError("disk full")

    broken = dataclasses.replace(results["dis"], records=fail)
    with pytest.raises(OSError, match="disk full"):
        report.write_json(path, {}, {"dis": broken}, PAIRS)
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
    assert path.read_text() == "old"


def test_numbers_of_the_curves_are_not_in_the_files(results, tmp_path):
    report.write_json(tmp_path / "a.json", {}, results, PAIRS)
    text = (tmp_path / "a.json").read_text()
    assert "curve" not in text and "NaN" not in text
    assert scoring.AUSE_METRICS[0] in text
