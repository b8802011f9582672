"""Two replicas must train like one device.

In a process of its own, because virtual devices have to be set up before
TensorFlow starts.
"""

import subprocess
import sys

import numpy as np
import pytest

from gocor_tf.models import presets

NETWORK = {
    "global_correlation": "feature",
    "local_correlation": "feature",
    "width": 0.125,
}
TRAINING = """
import sys
import tensorflow as tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0],
    [tf.config.LogicalDeviceConfiguration()] * 2,
)
from gocor_tf.trainers import train_lib
from gocor_tf.trainers.configs import default

optimizer, image_dir, workdir = sys.argv[1:]
for devices in (("CPU:0",), ("CPU:0", "CPU:1")):
    config = default.get_config("smoke")
    for name, value in NETWORK.items():
        setattr(config.model, name, value)
    config.num_steps = config.checkpoint_every = config.log_every = 5
    config.validation.interval = 5
    config.loss.matching_weight = 100.0
    config.tensorboard = False
    config.data.image_dir = image_dir
    config.data.batch_size = 4
    config.optimizer.name = optimizer
    config.optimizer.warmup = 0.0
    config.optimizer.learning_rate = {"sgd": 1e-6, "adam": 1e-3}[optimizer]
    config.devices = devices
    report = train_lib.train(config, f"{workdir}/{len(devices)}")
    assert report["replicas"] == len(devices)
"""


def _weights(workdir):
    model = presets.load_model(weights=f"{workdir}/model.weights.h5", **NETWORK)
    return {v.path: np.array(v) for v in model.weights}


def _is_free(path, weights):
    """Tells whether batch normalization takes away what the weight adds."""
    return path.replace("/conv/bias", "/batch_norm/gamma") in weights and (
        path.endswith("/conv/bias")
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "tolerance"), [("sgd", 1e-6), ("adam", 1e-5)]
)
def test_two_replicas_give_the_weights_of_one_device(
    image_dir, tmp_path, optimizer, tolerance
):
    subprocess.run(
        [
            sys.executable,
            "-c",
            TRAINING.replace("NETWORK", repr(NETWORK)),
            optimizer,
            image_dir,
            tmp_path,
        ],
        check=True,
    )
    one, two = _weights(tmp_path / "1"), _weights(tmp_path / "2")
    free = {path for path in one if _is_free(path, one)}
    assert free
    if optimizer == "sgd":
        free = set()
    differences = {
        path: np.abs(one[path] - two[path]).max() for path in one.keys() - free
    }
    worst = max(differences, key=differences.get)
    assert differences[worst] <= tolerance, worst
