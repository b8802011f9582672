import json
import os
import re

import numpy as np
import pytest
from absl import app

from gocor_tf.data import flow_io, pictures
from gocor_tf.trainers import evaluate, network_flags

CAMERA = [[100, 0, 30], [0, 100, 20], [0, 0, 1]]
MOTION = [[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
FLOW_METRICS = ["aepe", "median", "pck1", "pck3", "pck5", "pck10"]


@pytest.fixture
def run(run_command, monkeypatch, small_network):
    monkeypatch.setattr(network_flags, "load_model", lambda *_: small_network)
    return lambda *arguments: run_command(
        evaluate.evaluate, evaluate.define_flags, *arguments
    )


@pytest.fixture
def pairs(tmp_path):
    """Returns a list of two pairs, of a known flow and of a known pose."""
    noise = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    pictures.write_png(tmp_path / "image.png", noise)
    (tmp_path / "H.txt").write_text("1 0 0\n0 1 0\n0 0 1\n")
    pose = {"K_reference": CAMERA, "K_query": CAMERA}
    pose["T_query_to_reference"] = MOTION
    (tmp_path / "poses.json").write_text(json.dumps({"moved": pose}))
    entries = [
        {
            "name": name,
            "group": group,
            "reference": "image.png",
            "query": "image.png",
            "gt_type": gt_type,
            "gt_path": path,
        }
        for name, group, gt_type, path in (
            ("same", "identity", "homography", "H.txt"),
            ("moved", "poses", "relative_pose", "poses.json"),
        )
    ]
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps(entries))
    return path


def test_the_report_of_pairs(run, pairs, tmp_path):
    output = tmp_path / "results" / "report.json"
    flow_dir = tmp_path / "flow"
    run(f"--pairs={pairs}", f"--output={output}", f"--save_flow={flow_dir}")
    report = json.loads(output.read_text())
    assert list(report)[:3] == ["settings", "protocol", "pairs"]
    assert report["settings"]["preset"] == ["default"]
    same, moved = report["pairs"]
    assert list(same)[:8] == ["name", "group", *FLOW_METRICS]
    assert list(moved)[:8] == ["name", "group", *FLOW_METRICS]
    assert report["groups"]["identity"]["aepe"] == same["aepe"] > 0
    assert 0 <= same["pck1"] <= same["pck10"] <= 100
    assert [moved[name] for name in FLOW_METRICS] == [None] * 6
    assert 0 <= moved["rotation_error"] <= 180
    assert 0 <= moved["translation_error"] <= 90
    assert {"auc5", "auc10", "auc20"} <= set(report["groups"]["poses"])
    assert "auc5" not in report["groups"]["identity"]
    assert same["seconds"] > 0 and moved["seconds"] > 0
    assert sorted(os.listdir(flow_dir)) == ["moved.flo", "same.flo"]
    assert flow_io.read_flo(flow_dir / "same.flo").shape == (40, 60, 2)
    assert os.listdir(output.parent) == ["report.json"]


def test_networks_and_baselines(run, pairs, tmp_path):
    output = tmp_path / "report.json"
    flow_dir = tmp_path / "flow"
    text = run(
        *(f"--pairs={pairs}", "--baseline=zero,dis", f"--output={output}"),
        *(f"--save_flow={flow_dir}", "--num_iterations=1,2", "--mode=direct"),
    )
    report = json.loads(output.read_text())
    assert report["settings"]["baseline"] == ["zero", "dis"]
    assert report["settings"]["num_iterations"] == ["1", "2"]
    assert list(report["baselines"]) == ["zero", "dis"]
    assert report["baselines"]["zero"]["pairs"][0]["aepe"] == 0
    assert report["baselines"]["zero"]["groups"]["identity"]["pck1"] == 100
    # What cannot be estimated counts as the worst.
    moved = report["baselines"]["zero"]["pairs"][1]
    assert (moved["rotation_error"], moved["translation_error"]) == (180, 90)
    assert sorted(os.listdir(flow_dir)) == [
        *("dis", "moved.flo", "same.flo", "zero")
    ]
    assert sorted(os.listdir(flow_dir / "dis")) == ["moved.flo", "same.flo"]
    assert "AEPE / PCK-5" in text and "0.00 / 100.0" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "either `--pairs`, or `--dataset` and `--data_dir`, must be"),
        (["--pairs=a", "--dataset=tss"], "either `--pairs`, or `--dataset`"),
        (["--dataset=tss"], "`--dataset` and `--data_dir` must be given tog"),
        (["--pairs=a", "--data_dir=b"], "must be given together"),
        (["a.json"], "Received: a.json"),
        (["--dataset=tsss", "--data_dir=a"], r"Did you mean tss\? Received"),
        (["--dataset=tss", "--data_dir=a", "--variant=b"], "has no variants"),
        (["--pairs=a", "--variant=b"], "`--variant` goes with --dataset"),
    ],
)
def test_wrong_usage(run, arguments, message):
    with pytest.raises(app.UsageError, match=message):
        run(*arguments)


def test_a_baseline_that_does_not_exist(run, pairs):
    with pytest.raises(app.UsageError, match="`--baseline` must be of zero"):
        run(f"--pairs={pairs}", "--baseline=raft")


def test_a_data_set_that_is_not_there(run, tmp_path):
    with pytest.raises(ValueError, match="lacks FG3DCar, JODS, PASCAL. It sho"):
        run("--dataset=tss", f"--data_dir={tmp_path}")


def test_outputs_that_cannot_be_written(run, pairs, tmp_path):
    with pytest.raises(ValueError, match="`--output` must name a file"):
        run(f"--pairs={pairs}", f"--output={tmp_path}")
    for name in ("report_dir", "save_flow"):
        with pytest.raises(ValueError, match=f"`--{name}` must be a folder"):
            run(
                f"--pairs={pairs}",
                "--preset=",
                "--baseline=zero",
                f"--{name}={pairs}",
            )


@pytest.mark.usefixtures("forget_flags")
@pytest.mark.parametrize(
    ("image", "arguments", "status", "error"),
    [
        (None, [], 0, ""),
        (b"", [], 1, "Pair 'same': Cannot read .*image.png': it is empty.*\n"),
        (None, ["--device=moon"], 2, "`--device` must be one of cpu:0.*\n"),
        (None, ["--moon"], 2, "Unknown command line flag 'moon'.*\n"),
    ],
)
def test_exit_status(
    pairs, monkeypatch, capsys, image, arguments, status, error
):
    if image is not None:
        (pairs.parent / "image.png").write_bytes(image)
    flags = [f"--pairs={pairs}", "--preset=", "--baseline=zero", *arguments]
    monkeypatch.setattr("sys.argv", ["gocor-evaluate", *flags])
    with pytest.raises(SystemExit) as ended:
        evaluate.main()
    assert (ended.value.code or 0) == status
    written = capsys.readouterr().err.removeprefix("gocor-evaluate: ")
    assert re.fullmatch(error, written)
