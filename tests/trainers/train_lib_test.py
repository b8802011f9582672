import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from absl import app

from gocor_tf.models import load_model
from gocor_tf.trainers import train_lib
from gocor_tf.trainers.configs import default
from tests.trainers import run_files

pytestmark = pytest.mark.slow

DEFAULT = pathlib.Path(__file__).parents[2] / "trainers/configs/default.py"
SMALL = {
    "global_correlation": "feature",
    "local_correlation": "feature",
    "width": 0.125,
}
# Runs the command where TensorFlow cannot be imported.
WITHOUT_TENSORFLOW = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "tensorflow":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
from gocor_tf.trainers import train
train.main()
"""


def test_smoke_variant_trains_the_default_network(image_dir, tmp_path):
    config = default.get_config("smoke")
    config.data.image_dir = str(image_dir)
    report = train_lib.train(config, tmp_path / "run")
    assert report["steps"] == 2
    assert report["skipped_steps"] == 0
    assert np.isfinite(report["validation"]["aepe"])
    assert report["config"]["num_steps"] == 2
    assert json.loads((tmp_path / "run/report.json").read_text()) == report
    load_model("default", tmp_path / "run/model.weights.h5")
    lines = (tmp_path / "run/log.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == [1, 1, 2, 2]
    assert list((tmp_path / "run/tensorboard").iterdir())


def test_a_run_in_its_folder(image_dir, tmp_path):
    config = run_files.plain_config(image_dir)
    first = train_lib.train(config, tmp_path / "run")
    assert train_lib.train(config, tmp_path / "run") == first
    config.optimizer.learning_rate = 0.5
    with pytest.raises(app.UsageError, match="optimizer.learning_rate was"):
        train_lib.train(config, tmp_path / "run")
    path = str(tmp_path / "run/model.weights.h5")
    config.model.init_weights = path
    run = train_lib.TrainingRun(config, tmp_path / "next")
    start = run._model.get_weights()
    trained = load_model("basenet", path, **run_files.PLAIN)
    for array, other in zip(start, trained.get_weights(), strict=True):
        np.testing.assert_array_equal(array, other)


def test_half_precision_trains(image_dir, tmp_path):
    import keras

    config = default.get_config("smoke")
    config.data.image_dir = str(image_dir)
    for name, value in SMALL.items():
        setattr(config.model, name, value)
    config.tensorboard = False
    config.dtype_policy = "mixed_bfloat16"
    try:
        report = train_lib.train(config, tmp_path / "run")
    finally:
        keras.config.set_dtype_policy("float32")
    assert report["skipped_steps"] == 0
    assert np.isfinite(report["train"]["loss"])


def test_jax_trains_without_tensorflow(image_dir, tmp_path):
    fields = [f"--config.model.{k}={v}" for k, v in SMALL.items()]
    command = [
        sys.executable,
        "-c",
        WITHOUT_TENSORFLOW,
        f"--config={DEFAULT}:smoke",
        f"--workdir={tmp_path}/run",
        f"--config.data.image_dir={image_dir}",
        *fields,
    ]
    subprocess.run(
        command, check=True, env={**os.environ, "KERAS_BACKEND": "jax"}
    )
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["backend"] == "jax"
    assert report["skipped_steps"] == 0
    assert not (tmp_path / "run" / "tensorboard").exists()
    # The weights are the same file on every backend.
    load_model("default", tmp_path / "run" / "model.weights.h5", **SMALL)
