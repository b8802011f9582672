"""Two replicas must train like one device.

In a process of its own, because virtual devices have to be set up before
TensorFlow starts.

In float32 the gradient of an untrained network is known to a few percent
only, whatever the number of replicas: merely reversing the order of a batch
changes it as much, because some activations change sides at a kink. So the
comparison over real step lengths is made in float64.
"""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from tests.trainers import run_files

# Of batch normalization, in a weights file: moving mean and variance.
MEAN, VARIANCE = "normalization/vars/2", "normalization/vars/3"
TRAINING = """
import sys
import tensorflow as tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0],
    [tf.config.LogicalDeviceConfiguration()] * 2,
)
from gocor_tf.trainers import train_lib
from tests.trainers import run_files

loss, dtype_policy, optimizer, learning_rate, image_dir, workdir = sys.argv[1:]
for devices in (("CPU:0",), ("CPU:0", "CPU:1")):
    config = run_files.plain_config(image_dir)
    if loss == "negative_log_likelihood":
        config.model.preset = "pdcnet"
        config.model.decoder = config.model.refinement = None
        config.loss.level_weights = (0.32, 0.08, 0.02, 0.01)
    config.num_steps = config.checkpoint_every = config.log_every = 5
    config.validation.interval = 5
    config.loss.name = loss
    config.loss.matching_weight = 100.0
    config.data.batch_size = 2
    config.optimizer.name = optimizer
    config.optimizer.schedule = "constant"
    config.optimizer.warmup = 0.0
    config.optimizer.learning_rate = float(learning_rate)
    config.dtype_policy = dtype_policy
    config.devices = devices
    report = train_lib.train(config, f"{workdir}/{len(devices)}")
    assert report["replicas"] == len(devices)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "dtype_policy", "optimizer", "learning_rate", "tolerance"),
    [
        ("endpoint_error", "float64", "adam", 1e-3, 1e-5),
        ("endpoint_error", "float32", "sgd", 1e-8, 1e-6),
        ("negative_log_likelihood", "float64", "sgd", 1e-6, 1e-6),
    ],
)
def test_two_replicas_give_the_weights_of_one_device(
    image_dir,
    tmp_path,
    loss,
    dtype_policy,
    optimizer,
    learning_rate,
    tolerance,
):
    arguments = (loss, dtype_policy, optimizer, learning_rate)
    subprocess.run(
        [
            sys.executable,
            "-c",
            TRAINING,
            *map(str, arguments),
            image_dir,
            tmp_path,
        ],
        cwd=pathlib.Path(__file__).parents[2],
        check=True,
    )
    report = json.loads((tmp_path / "1" / "report.json").read_text())
    if optimizer == "sgd":
        step = learning_rate * report["train"]["gradient_norm"]
        assert step > 100 * tolerance
    one, two = (
        run_files.read_weights(tmp_path / "1"),
        run_files.read_weights(tmp_path / "2"),
    )
    rounding = 1e-5 if dtype_policy == "float32" else 0.0
    for name in one:
        allowed = tolerance + rounding * _spread(one, name)
        assert np.all(np.abs(two[name] - one[name]) <= allowed), name


def _spread(weights, name):
    """Returns how large the numbers are whose mean a running statistic is.

    Activations, of which float32 holds but seven digits; zero for weights.
    """
    if name.endswith(MEAN):
        variance = weights[name.removesuffix(MEAN) + VARIANCE]
        return np.abs(weights[name]) + np.sqrt(variance)
    return np.abs(weights[name]) if name.endswith(VARIANCE) else 0.0
