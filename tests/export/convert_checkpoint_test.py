"""The flags of gocor-convert, and what it prints."""

import os
import subprocess
import sys

import pytest
from absl import app

from gocor_tf.export import checkpoint_conversion, convert_checkpoint

torch = pytest.importorskip("torch")
SUMMARY = {
    "preset": "glunet",
    "parameters": 13_596_376,
    "arrays": 230,
    "sha256": "0a1b",
}


@pytest.fixture
def run(run_command, tmp_path):
    """Runs the command on a file name, with more or other flags."""

    def run(*arguments):
        return run_command(
            convert_checkpoint.convert,
            convert_checkpoint.define_flags,
            f"--checkpoint={tmp_path / 'c.pth'}",
            f"--output={tmp_path / 'n.weights.h5'}",
            *arguments,
        )

    return run


def test_flags_reach_the_conversion(run, tmp_path, monkeypatch):
    calls = []

    def convert(*arguments):
        calls.append(arguments)
        return SUMMARY

    monkeypatch.setattr(checkpoint_conversion, "convert", convert)
    output = run()
    files = str(tmp_path / "c.pth"), str(tmp_path / "n.weights.h5")
    assert calls == [(files[0], "auto", files[1])]
    assert output == (
        "glunet: 13,596,376 parameters in 230 arrays, each equal to the "
        f"checkpoint's\n{files[1]}: sha256 0a1b\n"
    )


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--checkpoint=", "`--checkpoint` must be given"),
        ("--output=", "`--output` must be given"),
        ("--output=weights.h5", "`--output` must end in .weights.h5"),
        (
            "--preset=GLUNet_GOCor",
            r"must be one of .*, auto\. Did you mean glunet_gocor\?",
        ),
        ("--preset=default", "`--preset` must be one of"),
    ],
)
def test_wrong_flags_are_named(run, flag, message):
    with pytest.raises(app.UsageError, match=message):
        run(flag)


def test_an_existing_file_is_not_overwritten(run, tmp_path):
    (tmp_path / "n.weights.h5").write_text("precious")
    with pytest.raises(app.UsageError, match="must not exist yet"):
        run()
    assert (tmp_path / "n.weights.h5").read_text() == "precious"


def test_missing_extra_is_a_pip_line(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(app.UsageError, match=r"'gocor_tf\[convert\]'"):
        run()


def test_unsafe_version_is_refused(run, monkeypatch):
    monkeypatch.setattr(torch, "__version__", "2.9.1+cpu")
    with pytest.raises(app.UsageError, match="PyTorch 2.9.1.cpu cannot read"):
        run()


@pytest.mark.slow
def test_a_file_that_is_no_checkpoint_is_status_1(tmp_path):
    (tmp_path / "c.pth").write_text("no checkpoint")
    result = subprocess.run(
        (
            *(sys.executable, "-m", "gocor_tf.export.convert_checkpoint"),
            *(f"--checkpoint={tmp_path / 'c.pth'}", "--output=n.weights.h5"),
        ),
        cwd=tmp_path,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 1
    assert "that torch.save wrote" in result.stderr.splitlines()[-1]
    assert os.listdir(tmp_path) == ["c.pth"]
