import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import time
import types

import numpy as np
import pytest
from absl import app

from gocor_tf.data import flow_io
from gocor_tf.trainers import evaluate, network_flags
from gocor_tf.trainers.evaluation import command, methods, protocols
from tests.trainers.evaluation.fake_pairs import moves_by
from tests.trainers.evaluation.pair_files import SIZE, write_pairs

# Says that all moves by 1 px; hangs or fails at the call that it is told to.
SOURCE = """
import os, time
import numpy as np

num_calls = 0

def match(reference, query):
    global num_calls
    num_calls += 1
    if num_calls == int(os.environ.get("HANG_AT", 0)):
        time.sleep(600)
    if num_calls == int(os.environ.get("FAIL_AT", 0)):
        raise RuntimeError("no more")
    flow = np.zeros((*reference.shape[:2], 2))
    flow[..., 0] = 1
    return flow, np.full(reference.shape[:2], 0.5)
"""
MATCHER = "--baseline=one_pixel:match"


@pytest.fixture
def run(run_command, tmp_path, monkeypatch):
    """Returns a function that runs the command in a folder of its own."""
    (tmp_path / "one_pixel.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "one_pixel", raising=False)
    yield lambda *arguments: run_command(
        evaluate.evaluate, evaluate.define_flags, "--preset=", *arguments
    )
    sys.modules.pop("one_pixel", None)


@pytest.fixture
def pairs(tmp_path):
    return write_pairs(tmp_path, a=1, b=3, c=7, d=5)


def _read(path):
    """Returns a report without its times and settings."""
    found = json.loads(path.read_text())
    del found["settings"]
    for record in (*found["pairs"], *found["groups"].values(), found["all"]):
        record.pop("seconds", None)
    return found


def _without_seconds(text):
    return [line.split()[:-1] for line in text.splitlines()]


def test_tables_are_printed(run, pairs):
    text = run(f"--pairs={pairs}", f"{MATCHER},zero")
    assert text.startswith("pairs.json: mean over the pairs of each group\n\n")
    # Errors 0, 2, 6 and 4 px.
    assert re.search(r"\nmoved +4 +3\.00 +3\.00 ", text)
    assert "one_pixel:match, pairs" in text and "zero, means" in text
    assert "AEPE / PCK-5" in text and "3.00 / 75.0" in text


def test_pairs_of_a_large_set_are_not_printed(run, pairs, monkeypatch):
    monkeypatch.setattr(command, "_PRINTED_PAIRS", 3)
    text = run(f"--pairs={pairs}", MATCHER)
    assert "match, means" in text and "match, pairs" not in text


def test_a_report_has_all_files(run, pairs, tmp_path):
    pytest.importorskip("matplotlib")
    folder = tmp_path / "a" / "report"
    run(f"--pairs={pairs}", f"{MATCHER},zero", f"--report_dir={folder}")
    assert sorted(os.listdir(folder)) == [
        *("calibration.png", "displacement.png", "index.html", "pairs.csv"),
        *("pck.png", "results.json", "results.md", "sparsification.png"),
    ]
    text = (folder / "index.html").read_text()
    # Four pairs, all of them among the worst; the largest error is first.
    assert "<h2>one_pixel:match, worst pairs</h2>" in text
    assert "best pairs" not in text
    assert text.index("moved: c, AEPE 6.00") < text.index("moved: d, AEPE 4.00")
    assert text.count("<figure>") == 4 + 4 * 7
    assert "http" not in text


def test_only_drawn_pairs_are_matched_again(run, pairs, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(command, "_SHOWN_PAIRS", 1)
    run(f"--pairs={pairs}", MATCHER, f"--report_dir={tmp_path / 'report'}")
    # Four pairs, the first of them twice, and the worst and the best.
    assert sys.modules["one_pixel"].num_calls == 7


def test_a_report_and_its_json_may_lie_apart(run, pairs, tmp_path):
    pytest.importorskip("matplotlib")
    output = tmp_path / "b" / "scores.json"
    folder = tmp_path / "report"
    run(
        *(f"--pairs={pairs}", "--baseline=zero"),
        *(f"--report_dir={folder}", f"--output={output}"),
    )
    assert os.listdir(output.parent) == ["scores.json"]
    assert "results.json" not in os.listdir(folder)


def test_a_missing_matplotlib_is_told_at_once(run, pairs, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(app.UsageError, match=r"gocor_tf\[evaluate\]"):
        run(f"--pairs={pairs}", MATCHER, "--report_dir=report")
    assert not os.path.exists("report")


@pytest.mark.parametrize(
    ("presets", "folders"),
    [("x", [".", "zero"]), ("x,y", ["x", "y", "zero"])],
)
def test_flow_of_each_method_is_saved(
    run, pairs, tmp_path, monkeypatch, presets, folders
):
    monkeypatch.setattr(network_flags, "load_model", lambda *_: None)
    monkeypatch.setattr(methods, "Matcher", lambda *_, **__: None)
    monkeypatch.setattr(methods, "NetworkMethod", lambda _: moves_by(2))
    run(
        *(f"--pairs={pairs}", f"--preset={presets}", "--baseline=zero"),
        f"--save_flow={tmp_path / 'flow'}",
    )
    for folder in folders:
        flow = flow_io.read_flo(tmp_path / "flow" / folder / "d.flo")
        expected = 0 if folder == "zero" else 2
        np.testing.assert_array_equal(flow[..., 0], np.full(SIZE, expected))


def test_a_killed_run_is_finished_by_the_same_command(run, pairs, tmp_path):
    output = tmp_path / "a.json"
    arguments = [f"--pairs={pairs}", MATCHER, "--preset="]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gocor_tf.trainers.evaluate"),
            *(*arguments, f"--output={output}"),
        ],
        cwd=tmp_path,
        env={**os.environ, "HANG_AT": "4"},
    )
    journal = tmp_path / "a.json.partial"
    deadline = time.monotonic() + 120
    # The settings and two pairs; the first one is matched twice.
    while not journal.exists() or journal.read_bytes().count(b"\n") < 3:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with open(journal, "ab") as file:
        file.write(b'{"method": "one_p')
    text = run(*arguments, f"--output={output}")
    assert sys.modules["one_pixel"].num_calls == 3
    assert not journal.exists()
    whole = run(*arguments, f"--output={tmp_path / 'b.json'}")
    assert _without_seconds(text) == _without_seconds(whole)
    assert _read(output) == _read(tmp_path / "b.json")


@pytest.fixture
def interrupted(run, pairs, tmp_path, monkeypatch):
    """Returns the flags of a run that failed at the third pair."""
    arguments = [f"--pairs={pairs}", MATCHER, f"--output={tmp_path / 'a.json'}"]
    monkeypatch.setenv("FAIL_AT", "4")
    with pytest.raises(ValueError, match="'c': the baseline failed: .*no more"):
        run(*arguments)
    monkeypatch.setenv("FAIL_AT", "1")
    sys.modules["one_pixel"].num_calls = 0
    return arguments


def test_a_run_goes_on_with_bad_pairs_skipped(run, interrupted, tmp_path):
    text = run(*interrupted, "--skip_bad")
    assert "one_pixel:match, pairs skipped: 1\n" in text
    found = _read(tmp_path / "a.json")
    assert [pair["name"] for pair in found["pairs"]] == ["a", "b", "c", "d"]
    assert found["pairs"][2]["error"].endswith("RuntimeError('no more')")
    assert found["num_skipped"] == 1 and found["all"]["num_pairs"] == 3


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (
            "--baseline=zero",
            r"baseline=\['one_pixel:match'\] there, \['zero'\] h",
        ),
        ("--num_iterations=3", r"num_iterations=\[\] there, \['3'\] here"),
        ("--save_flow=flow", "save_flow=None there, 'flow' here"),
        ("--device=cpu:0", "device=None there, 'cpu:0' here"),
    ],
)
def test_another_run_is_not_gone_on_with(run, interrupted, other, difference):
    with pytest.raises(ValueError, match=f"partial' must .*: {difference}"):
        run(*interrupted, other)


def test_a_longer_list_is_not_gone_on_with(run, interrupted, tmp_path):
    write_pairs(tmp_path, a=1, b=3, c=7, d=5, e=2)
    with pytest.raises(ValueError, match="num_pairs=4 there, 5 here"):
        run(*interrupted)


def test_wrong_usage_leaves_no_journal(run, pairs, tmp_path):
    with pytest.raises(app.UsageError, match="`--device` must be one of"):
        run(f"--pairs={pairs}", MATCHER, "--output=a.json", "--device=moon")
    with pytest.raises(app.UsageError, match="`--preset` must be one of"):
        run(f"--pairs={pairs}", "--preset=best", "--output=a.json")
    assert not (tmp_path / "a.json.partial").exists()


def test_a_damaged_image_is_named_or_skipped(run, pairs, tmp_path):
    (tmp_path / "b1.png").write_bytes(b"\x89PNG")
    with pytest.raises(ValueError, match="Pair 'b': Cannot read .*b1.png'"):
        run(f"--pairs={pairs}", MATCHER)
    text = run(f"--pairs={pairs}", MATCHER, "--skip_bad")
    assert "pairs skipped: 1" in text


def test_the_protocol_of_a_data_set_is_told(run, tmp_path):
    for number in (0, 1, 2):
        (tmp_path / "frames").mkdir(exist_ok=True)
        write_pairs(tmp_path / "frames", **{str(number): 0})
    text = run("--dataset=video", "--data_dir=frames", MATCHER)
    assert text.startswith("video or folder of frames")
    assert "AEPE" not in text and "seconds" in text


def test_a_variant_is_in_the_title(monkeypatch):
    protocol = dataclasses.replace(
        protocols.PAIRS,
        title="A set",
        reader=lambda data_dir, variant="all": [data_dir, variant],
        variants=("all", "noc"),
    )
    monkeypatch.setattr(protocols, "find", lambda name: protocol)
    arguments = types.SimpleNamespace(
        pairs=None, dataset="a", data_dir="folder", variant="noc"
    )
    found, pairs = command._open_pairs(arguments)
    assert found.title == "A set; variant noc"
    assert pairs == ["folder", "noc"]
