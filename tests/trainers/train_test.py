import json
import pathlib
import sys

import pytest

from gocor_tf.trainers import train

DEFAULT = pathlib.Path(__file__).parents[2] / "trainers/configs/default.py"

pytestmark = pytest.mark.usefixtures("forget_flags")


def _run(monkeypatch, capsys, *arguments):
    """Runs the command; returns its status, stdout and stderr."""
    monkeypatch.setattr(sys, "argv", ["gocor-train", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        train.main()
    return (ended.value.code or 0, *capsys.readouterr())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--workdir=w"], "--config"),
        ([f"--config={DEFAULT}"], "--workdir"),
        (["--config=missing.py", "--workdir=w"], "missing.py"),
        (["--config=missing.py", "--config.seed=1", "--workdir=w"], "missing"),
        ([f"--config={DEFAULT}:large", "--workdir=w"], "`variant` must be"),
        (
            [f"--config={DEFAULT}", "--config.sed=1", "--workdir=w"],
            "sed",
        ),
        (
            [f"--config={DEFAULT}", "--config.seed=one", "--workdir=w"],
            "seed",
        ),
        ([f"--config={DEFAULT}", "--workdir=w"], "`data.image_dir` must be"),
        ([f"--config={DEFAULT}", "--workdir=w", "x"], "must be flags"),
        (
            [f"--config={DEFAULT}", "--workdir=w", "--runner=local"],
            "`--runner` goes with --render",
        ),
        (
            [f"--config={DEFAULT}", "--workdir=w", "--render=1", "x"],
            "must be --NAME=VALUE",
        ),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    monkeypatch, capsys, tmp_path, arguments, reason
):
    monkeypatch.chdir(tmp_path)
    status, _, err = _run(monkeypatch, capsys, *arguments)
    assert status == 2
    assert reason in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_broken_config_file_is_one_line_and_status_2(
    monkeypatch, capsys, tmp_path
):
    config = tmp_path / "config.py"
    config.write_text("def get_config(:\n")
    status, _, err = _run(
        monkeypatch, capsys, f"--config={config}", "--workdir=w"
    )
    assert status == 2
    assert "SyntaxError" in err
    assert err.count("\n") == 1


def test_missing_photographs_are_wrong_usage(monkeypatch, capsys, tmp_path):
    status, _, err = _run(
        monkeypatch,
        capsys,
        f"--config={DEFAULT}",
        f"--workdir={tmp_path}/w",
        f"--config.data.image_dir={tmp_path}/missing",
    )
    assert status == 2
    assert "must be a folder of photographs" in err


def test_pairs_are_rendered(monkeypatch, capsys, image_dir, tmp_path):
    path = tmp_path / "small.py"
    path.write_text(
        "from gocor_tf.trainers.configs import schema\n\n\n"
        "def get_config():\n"
        f"    data = schema.DataConfig(image_dir={str(image_dir)!r}, size=32)\n"
        "    return schema.TrainConfig(data=data)\n"
    )
    flags = [f"--config={path}", f"--workdir={tmp_path}/pairs"]
    status, out, err = _run(
        monkeypatch, capsys, *flags, "--render=2", "--runner=local"
    )
    assert status == 0, err
    assert out.startswith("2 pairs in 1 shards")
    saved = json.loads((tmp_path / "pairs" / "render.json").read_text())
    assert saved["settings"]["num_pairs"] == 2
    assert saved["config"]["data"]["size"] == 32


def test_help_describes_the_command(monkeypatch, capsys):
    status, out, _ = _run(monkeypatch, capsys, "--help")
    assert status == 0
    assert "Trains a network on a folder of photographs" in out
    assert "--workdir: Folder of checkpoints" in out
