"""A run that is killed must end where a run that is not killed ends."""

import pathlib
import random
import signal
import subprocess
import sys

import numpy as np
import pytest

DEFAULT = pathlib.Path(__file__).parents[2] / "trainers/configs/default.py"
NUM_STEPS = 12


def _start(image_dir, workdir):
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "gocor_tf.trainers.train",
            f"--config={DEFAULT}",
            f"--workdir={workdir}",
            f"--config.data.image_dir={image_dir}",
            f"--config.num_steps={NUM_STEPS}",
            "--config.deterministic=true",
            "--config.checkpoint_every=2",
            "--config.log_every=1",
            "--config.validation.interval=4",
            "--config.validation.num_pairs=2",
            "--config.data.batch_size=2",
            "--config.model.width=0.125",
            "--config.model.num_iterations=1",
            "--config.tensorboard=false",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )


def _kill_at(process, step):
    """Kills a run as soon as it says that it took a step."""
    for line in process.stdout:
        if line.startswith(f"{step}/"):
            break
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def _finish(process):
    process.communicate()
    assert process.returncode == 0


def _last_state(workdir):
    path = workdir / "checkpoints" / f"step_{NUM_STEPS:09d}.npz"
    with np.load(path) as file:
        return {n: file[n].tobytes() for n in file.files if n != "facts"}


@pytest.mark.slow
def test_three_kills_change_no_bit(image_dir, tmp_path):
    _finish(_start(image_dir, tmp_path / "whole"))
    others = set(range(1, NUM_STEPS)) - {NUM_STEPS // 2}
    steps = [NUM_STEPS // 2, *random.sample(sorted(others), 2)]
    for step in sorted(steps):
        print(f"killing at step {step}")
        _kill_at(_start(image_dir, tmp_path / "killed"), step)
    _finish(_start(image_dir, tmp_path / "killed"))
    whole = _last_state(tmp_path / "whole")
    assert whole == _last_state(tmp_path / "killed")
    weights = [
        (tmp_path / name / "model.weights.h5").read_bytes()
        for name in ("whole", "killed")
    ]
    assert weights[0] == weights[1]
