"""Jobs done by two worker processes of Beam's DirectRunner."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from absl import app

from gocor_tf.data import flow_io, pair_records
from gocor_tf.trainers import match_pairs, render_lib
from gocor_tf.trainers.configs import schema
from gocor_tf.trainers.workforce import Workforce, read_lines

TWO_WORKERS = [
    "--direct_num_workers=2",
    "--direct_running_mode=multi_processing",
]
CONFIG = """
from gocor_tf.trainers.configs import schema


def get_config():
    config = schema.TrainConfig()
    config.data = schema.DataConfig(image_dir={!r}, size=64, canvas_size=96)
    return config
"""

pytestmark = pytest.mark.slow


class ProcessWorker:
    """Says which process does a task."""

    def __call__(self, task):
        time.sleep(0.2)
        return [task, os.getpid()]


@pytest.fixture
def config(image_dir):
    (image_dir / "broken.jpg").write_bytes(b"\xff\xd8 nothing")
    data = schema.DataConfig(image_dir=str(image_dir), size=64, canvas_size=96)
    # Not `num_threads`: it can only be set before TensorFlow starts.
    return schema.TrainConfig(data=data)


@pytest.fixture
def rendered(config, tmp_path):
    """Returns the folder of 200 pairs that one process rendered."""
    render_lib.render(config, tmp_path / "one", 200, Workforce("local"))
    return tmp_path / "one"


def read_folder(folder):
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.suffix != ".json" or path.name.startswith("pairs")
    }


def test_tasks_are_spread_over_processes(tmp_path):
    workers = Workforce("DirectRunner", TWO_WORKERS)
    results = workers.run(ProcessWorker, list(range(20)), tmp_path, "work")
    assert [task for task, _ in results] == list(range(20))
    processes = {process for _, process in results}
    assert len(processes) == 2 and os.getpid() not in processes
    assert list(tmp_path.iterdir()) == []


def test_direct_runner_is_the_default():
    assert Workforce().runner == "DirectRunner"


def test_two_workers_render_what_one_process_renders(
    config, rendered, tmp_path
):
    workers = Workforce("DirectRunner", TWO_WORKERS)
    render_lib.render(config, tmp_path / "two", 200, workers)
    assert read_folder(tmp_path / "two") == read_folder(rendered)
    assert pair_records.PairRecords(tmp_path / "two").num_pairs == 200
    (row,) = read_lines(tmp_path / "two" / render_lib.REJECTED)
    assert row["file"] == "broken.jpg"


def test_a_killed_run_goes_on(config, rendered, image_dir, tmp_path):
    workdir = tmp_path / "killed"
    path = tmp_path / "small.py"
    path.write_text(CONFIG.format(str(image_dir)))
    command = [
        *(sys.executable, "-m", "gocor_tf.trainers.train"),
        *(f"--config={path}", f"--workdir={workdir}", "--render=200", "--"),
        *TWO_WORKERS,
    ]
    process = subprocess.Popen(command, start_new_session=True)
    while not list(workdir.glob("pairs-*.tfrecord")):
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    expected = read_folder(rendered)
    shards = [p.name for p in workdir.glob("pairs-*.tfrecord")]
    assert 0 < len(shards) < 4
    for name in shards:
        assert (workdir / name).read_bytes() == expected[name]
    subprocess.run(command, check=True)
    assert read_folder(workdir) == expected


def test_two_workers_match_what_one_process_matches(config, tmp_path):
    pairs = tmp_path / "photographs" / "pairs.csv"
    pairs.write_text(
        "reference,query\n0.png,1.png\n0.png,broken.jpg\n1.png,2.png"
    )
    settings = match_pairs.MatcherSettings("default", None, None, "direct")
    for name, workers in (
        ("one", Workforce("local")),
        ("two", Workforce("DirectRunner", TWO_WORKERS)),
    ):
        (tmp_path / name).mkdir()
        match_pairs.match_list(pairs, tmp_path / name, settings, workers)
        (row,) = read_lines(tmp_path / name / match_pairs.REJECTED)
        assert row["name"] == "pair-0000002"
        assert len(read_lines(tmp_path / name / match_pairs.RESULTS)) == 2
    for name in ("pair-0000001.flo", "pair-0000003.flo"):
        np.testing.assert_allclose(
            flow_io.read_flo(tmp_path / "one" / name),
            flow_io.read_flo(tmp_path / "two" / name),
            atol=1e-3,
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("NoRunner",), "`--runner` must be a runner of Beam"),
        (("DirectRunner", ["--workers=2"]), "must know its options.*--workers"),
        (
            ("DirectRunner", ["--direct_num_workers=two"]),
            "cannot read its options",
        ),
    ],
)
def test_wrong_usage(arguments, message):
    with pytest.raises(app.UsageError, match=message):
        Workforce(*arguments)
