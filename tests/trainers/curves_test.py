import json
import math
import sys

import cv2
import pytest

from gocor_tf.trainers import curves

pytest.importorskip("matplotlib")

LINES = [
    {"step": 10, "train/loss": 5.0, "train/learning_rate": 1e-3},
    {"step": 20, "train/loss": None, "train/learning_rate": 1e-4},
    {"step": 20, "validation/aepe": 2.5, "validation/pck_1": 40.0},
    {"step": 30, "train/loss": 3.0, "train/learning_rate": 1e-5},
]


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return path


def test_reads_curves_with_gaps(log):
    with log.open("a") as file:
        file.write('{"step": 40, "train/lo')
    read = curves.read(log)
    steps, losses = read["train/loss"]
    assert steps == [10, 20, 30]
    assert losses[::2] == [5.0, 3.0] and math.isnan(losses[1])
    assert read["validation/aepe"] == ([20], [2.5])


def test_panels_hold_what_was_logged(log):
    panels = curves.panels_of(curves.read(log))
    assert [(panel.title, list(panel.lines)) for panel in panels] == [
        ("loss", ["training"]),
        ("end-point error, px", ["validation"]),
        ("validation, PCK in %", ["1 px"]),
        ("learning rate", ["learning rate"]),
    ]


def test_writes_a_picture(log, tmp_path):
    path = tmp_path / curves.CURVES
    assert curves.save(log, path)
    height, width, _ = cv2.imread(str(path)).shape
    assert (height, width) == (700, 1100)
    assert {p.name for p in tmp_path.iterdir()} == {log.name, path.name}


def test_an_empty_log_is_no_error(tmp_path, caplog):
    log = tmp_path / "log.jsonl"
    log.write_text("")
    with caplog.at_level("WARNING"):
        assert not curves.save(log, tmp_path / curves.CURVES)
    assert "has no values yet" in caplog.text


def test_says_what_to_install(log, tmp_path, caplog, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with caplog.at_level("WARNING"):
        assert not curves.save(log, tmp_path / curves.CURVES)
    assert "pip install 'gocor_tf[train]'" in caplog.text
    assert not (tmp_path / curves.CURVES).exists()
