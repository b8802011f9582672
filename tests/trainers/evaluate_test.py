import json
import os

import numpy as np
import pytest
from absl import app

from gocor_tf.data import pictures
from gocor_tf.trainers import evaluate, network_flags


@pytest.fixture
def run(run_command, monkeypatch, small_network):
    monkeypatch.setattr(network_flags, "load_model", lambda: small_network)
    return lambda *arguments: run_command(
        evaluate.evaluate, evaluate.define_flags, *arguments
    )


@pytest.fixture
def pairs(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    pictures.write_png(tmp_path / "image.png", noise)
    (tmp_path / "H.txt").write_text("1 0 0\n0 1 0\n0 0 1\n")
    entry = {
        "name": "same",
        "group": "identity",
        "reference": "image.png",
        "query": "image.png",
        "gt_type": "homography",
        "gt_path": "H.txt",
    }
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps([entry]))
    return path


def test_network_and_baselines(run, pairs, tmp_path):
    output = tmp_path / "results" / "report.json"
    flow_dir = tmp_path / "flow"
    text = run(
        f"--pairs={pairs}",
        "--baseline=zero,dis",
        f"--output={output}",
        f"--save_flow={flow_dir}",
    )
    report = json.loads(output.read_text())
    assert list(report) == ["settings", "pairs", "groups", "baselines"]
    assert report["settings"]["preset"] == "default"
    assert report["settings"]["baseline"] == ["zero", "dis"]
    (pair,) = report["pairs"]
    assert list(pair) == [
        "name",
        "group",
        "aepe",
        "median",
        "pck1",
        "pck3",
        "pck5",
        "pck10",
        "seconds",
    ]
    assert report["groups"]["identity"]["aepe"] == pair["aepe"] > 0
    assert report["baselines"]["zero"]["pairs"][0]["aepe"] == 0
    assert report["baselines"]["zero"]["groups"]["identity"]["pck1"] == 100
    assert sorted(os.listdir(flow_dir)) == ["dis", "same.flo", "zero"]
    assert os.listdir(flow_dir / "dis") == ["same.flo"]
    assert "AEPE / PCK-5" in text and "0.00 / 100.0" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "`--pairs` must be given"),
        (["a.json"], "unexpected argument: a.json"),
        (["--pairs=a", "--baseline=raft"], "`--baseline` must be of zero"),
    ],
)
def test_wrong_usage(run, arguments, message):
    with pytest.raises(app.UsageError, match=message):
        run(*arguments)


def test_an_output_that_cannot_be_written(run, pairs, tmp_path):
    with pytest.raises(ValueError, match="`--output` must name a file"):
        run(f"--pairs={pairs}", f"--output={tmp_path}")
