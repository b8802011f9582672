"""Two workers must train like one, and go on after one was killed.

Each worker is a process of its own on this machine, as `TF_CONFIG` says. In
float64, for the reason that `replicas_test.py` gives.
"""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading

import numpy as np
import pytest

from tests.trainers import run_files

pytestmark = pytest.mark.slow

DEFAULT = pathlib.Path(__file__).parents[2] / "trainers/configs/default.py"
NUM_STEPS = 10
# Plain pairs for a plain network, as in `replicas_test.py`.
FLAGS = {
    "model.preset": "basenet",
    **{f"model.{name}": value for name, value in run_files.PLAIN.items()},
    "loss.level_weights": "(0.32, 0.08, 0.02)",
    "num_steps": NUM_STEPS,
    "checkpoint_every": 2,
    "log_every": 1,
    "num_threads": 1,
    "deterministic": True,
    "tensorboard": False,
    "picture_every": 0,
    "dtype_policy": "float64",
    "validation.interval": NUM_STEPS,
    "validation.num_pairs": 2,
    "data.batch_size": 2,
    "loss.matching_weight": 100.0,
    "optimizer.schedule": "constant",
    "optimizer.warmup": 0.0,
    "optimizer.learning_rate": 1e-3,
}
# Seconds until a worker that hangs is killed, and the test fails.
PATIENCE = 600
# A worker that greets the others and is never seen again.
VANISHING = """
from gocor_tf.trainers import cluster

cluster.wait_for_workers(cluster.read_cluster(), timeout=120.0)
"""


def _free_addresses(number):
    with contextlib.ExitStack() as stack:
        ports = [
            stack.enter_context(socket.create_server(("", 0))).getsockname()[1]
            for _ in range(number)
        ]
    return [f"localhost:{port}" for port in ports]


def _environment(addresses, index):
    config = {
        "cluster": {"worker": addresses},
        "task": {"type": "worker", "index": index},
    }
    # One worker, one CPU; GPUs would be shared by the two processes.
    hidden = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return {**os.environ, **hidden, "TF_CONFIG": json.dumps(config)}


@contextlib.contextmanager
def _worker(image_dir, workdir, addresses, index, **flags):
    """Starts one worker of a training run; none outlives its test."""
    flags = {**FLAGS, "data.image_dir": image_dir, **flags}
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "gocor_tf.trainers.train",
            f"--config={DEFAULT}:smoke",
            f"--workdir={workdir}",
            *[f"--config.{name}={value}" for name, value in flags.items()],
        ],
        env=_environment(addresses, index),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        timer = threading.Timer(PATIENCE, process.kill)
        timer.start()
        try:
            yield process
        finally:
            timer.cancel()
            process.kill()


@contextlib.contextmanager
def _workers(image_dir, workdirs, addresses):
    """Starts a worker for each address."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(_worker(image_dir, workdir, addresses, index))
            for index, workdir in enumerate(workdirs)
        ]


def _train(image_dir, workdir, addresses):
    """Trains to the end with a worker at each address."""
    with _workers(image_dir, [workdir] * len(addresses), addresses) as workers:
        for worker in workers:
            output, errors = worker.communicate()
            assert worker.returncode == 0, output + errors


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Returns a folder of three photographs of noise."""
    folder = tmp_path_factory.mktemp("photographs")
    run_files.write_photographs(folder)
    return folder


@pytest.fixture(scope="module")
def trained_by_two(photographs, tmp_path_factory):
    """Returns the folder of a run of two workers that nothing disturbed."""
    workdir = tmp_path_factory.mktemp("two") / "run"
    _train(photographs, workdir, _free_addresses(2))
    return workdir


def test_two_workers_give_the_weights_of_one(
    photographs, trained_by_two, tmp_path
):
    _train(photographs, tmp_path / "one", _free_addresses(1))
    report = json.loads((trained_by_two / "report.json").read_text())
    assert report["replicas"] == 2
    assert report["steps"] == NUM_STEPS
    one, two = (
        run_files.read_weights(tmp_path / "one"),
        run_files.read_weights(trained_by_two),
    )
    for name in one:
        np.testing.assert_allclose(
            two[name], one[name], rtol=0.0, atol=1e-5, err_msg=name
        )


def test_a_killed_worker_ends_the_run_and_all_go_on(
    photographs, trained_by_two, tmp_path
):
    addresses = _free_addresses(2)
    with _workers(photographs, [tmp_path / "run"] * 2, addresses) as workers:
        chief, other = workers
        for line in chief.stdout:
            if line.startswith(f"5/{NUM_STEPS}"):
                break
        other.send_signal(signal.SIGKILL)
        _, errors = chief.communicate()
    assert chief.returncode == 1
    assert f"Lost worker {addresses[1]}." in errors
    assert "goes on from the last checkpoint" in errors.splitlines()[-1]
    _train(photographs, tmp_path / "run", addresses)
    disturbed, whole = (
        run_files.read_weights(tmp_path / "run"),
        run_files.read_weights(trained_by_two),
    )
    for name in whole:
        np.testing.assert_array_equal(disturbed[name], whole[name], name)


def test_a_dead_host_is_named(photographs, tmp_path):
    addresses = _free_addresses(2)
    with _worker(
        photographs, tmp_path / "run", addresses, 0, worker_timeout=3.0
    ) as worker:
        _, errors = worker.communicate()
    assert worker.returncode == 1
    assert f"did not answer: {addresses[1]}." in errors.splitlines()[-1]


def test_a_worker_that_vanishes_does_not_block_for_ever(photographs, tmp_path):
    addresses = _free_addresses(2)
    with _worker(
        photographs, tmp_path / "run", addresses, 0, worker_timeout=60.0
    ) as worker:
        subprocess.run(
            [sys.executable, "-c", VANISHING],
            env=_environment(addresses, 1),
            check=True,
            timeout=PATIENCE,
        )
        _, errors = worker.communicate()
    assert worker.returncode == 1
    assert "Timeout" in errors


def test_workers_with_other_checkpoints_are_refused(
    photographs, trained_by_two, tmp_path
):
    workdirs = [trained_by_two, tmp_path / "own"]
    with _workers(photographs, workdirs, _free_addresses(2)) as workers:
        for worker in workers:
            _, errors = worker.communicate()
            assert worker.returncode != 0
            assert "one folder that all workers share" in errors
