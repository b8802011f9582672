"""gocor-export: the command, and the version directories it writes."""

import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from absl import app

from gocor_tf import models
from gocor_tf.export import (
    reload_check,
    sample_requests,
    saved_model,
    signatures,
    warm_up,
)
from tests.export import networks

FILES = {
    "batching.config",
    "docker-compose.yml",
    "kubernetes.yaml",
    "models.config",
    "monitoring.config",
    "serve.sh",
}


@pytest.fixture(scope="module")
def network():
    return networks.create(networks.ConstantShift)


@pytest.fixture
def unchecked(monkeypatch):
    """Leaves out the process that loads a version before it appears."""
    monkeypatch.setattr(reload_check, "check", lambda *arguments: None)


def run_process(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "gocor_tf.export.saved_model", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=900,
    )


@pytest.mark.slow
def test_command_writes_what_the_network_answers(tmp_path):
    model = models.load_model("default")
    model.save_weights(tmp_path / "some.weights.h5")
    version = tmp_path / "exported" / "default" / "7"
    result = run_process(
        f"--weights={tmp_path}/some.weights.h5",
        f"--output_dir={tmp_path}/exported",
        "--version=7",
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == str(version)
    served = tf.saved_model.load(str(version)).signatures["serving_uint8"]
    pair = sample_requests.as_dtype(sample_requests.images(2), tf.uint8)
    # Compiled as well: the graph, optimised, rounds in another order than its
    # operations one by one.
    floats = sample_requests.as_dtype(pair, tf.float32)
    expected = signatures.match_function(model)(**floats)
    # px.
    np.testing.assert_allclose(
        served(**pair)["flow"], expected["flow"], atol=1e-3
    )


def test_version_is_checked_and_has_its_files(network, tmp_path):
    version = saved_model.write_version(network, tmp_path, "shift")
    assert version == tmp_path / "shift" / "1"
    beside = {path.name for path in version.parent.iterdir()}
    assert beside == {"1"} | FILES
    pytest.importorskip("tensorflow_serving")
    assert (version / warm_up.FILE).is_file()


def test_version_without_protos_names_what_is_left_out(
    network, tmp_path, unchecked, monkeypatch, caplog
):
    monkeypatch.setattr(warm_up, "is_available", lambda: False)
    version = saved_model.write_version(network, tmp_path, "shift", 5)
    assert version.name == "5"
    assert not (version / warm_up.FILE).exists()
    assert "tf_serving_warmup_requests left out: pip install" in caplog.text


def test_size_and_number_of_matches_reach_the_graph(
    network, tmp_path, unchecked
):
    options = signatures.Options(size=(16, 24), max_matches=9)
    version = saved_model.write_version(
        network, tmp_path, "shift", options=options
    )
    served = tf.saved_model.load(str(version)).signatures
    assert served["matches"].structured_outputs["confidence"].shape[1] == 9
    assert "reference_size" in served["serving_bytes"].structured_outputs


def test_failed_export_leaves_nothing(
    network, tmp_path, unchecked, monkeypatch
):
    def fail(path, target):
        assert (path / "saved_model.pb").is_file()
        raise OSError("disk full")

    monkeypatch.setattr(pathlib.Path, "rename", fail)
    with pytest.raises(OSError, match="disk full"):
        saved_model.write_version(network, tmp_path, "shift")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_export_that_answers_otherwise_does_not_appear(
    network, tmp_path, monkeypatch
):
    def refuse(*arguments):
        raise RuntimeError("the SavedModel must answer")

    monkeypatch.setattr(reload_check, "check", refuse)
    with pytest.raises(RuntimeError, match="must answer"):
        saved_model.write_version(network, tmp_path, "shift")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "flag, message",
    [
        ("", "`--output_dir` must be given"),
        ("--size=480", "`--size` must be HEIGHTxWIDTH"),
        ("--size=480x4", "`size` must be (height, width), both >= 8"),
        ("--max_matches=0", "`max_matches` must be > 0"),
        ("--max_batch_size=0", "`max_batch_size` must be >= 1"),
        ("--format=tflite", "`--format` must be saved_model or onnx"),
        ("--version=0", "`version` must be > 0"),
        ("--version=3", "`version` must be one that does not exist yet"),
    ],
)
def test_wrong_usage(flag, message, tmp_path, run_command):
    (tmp_path / "default" / "3").mkdir(parents=True)
    arguments = [flag, f"--output_dir={tmp_path}"] if flag else []
    with pytest.raises(app.UsageError, match=re.escape(message)):
        run_command(saved_model.export, saved_model.define_flags, *arguments)


def test_onnx_is_written_in_float32(tmp_path, run_command):
    arguments = [f"--output_dir={tmp_path}", "--format=onnx"]
    with pytest.raises(app.UsageError, match="`--dtype` must be float32"):
        run_command(
            saved_model.export,
            saved_model.define_flags,
            *arguments,
            "--dtype=bfloat16",
        )


@pytest.mark.slow
def test_bfloat16_is_written_and_its_difference_said(tmp_path, run_command):
    output = run_command(
        saved_model.export,
        saved_model.define_flags,
        f"--output_dir={tmp_path}",
        "--dtype=bfloat16",
    )
    said, version = output.splitlines()
    assert version == str(tmp_path / "default" / "1")
    difference, length = map(
        float,
        re.search(r"([\d.]+) px, of a mean flow of (\d+) px", said).groups(),
    )
    # A step of bfloat16 is 0.8 %.
    assert 0 < difference < 0.02 * length


def test_other_backends_are_wrong_usage():
    pytest.importorskip("jax")
    result = run_process("--output_dir=y", KERAS_BACKEND="jax")
    assert result.returncode == 2
    assert "must be tensorflow" in result.stderr.splitlines()[-1]


def test_folder_that_cannot_be_used_is_status_1(tmp_path):
    (tmp_path / "file").write_text("")
    result = run_process("--weights=random", f"--output_dir={tmp_path}/file")
    assert result.returncode == 1
    assert "`--output_dir` must be a folder" in result.stderr.splitlines()[-1]
