import hashlib
import json

import keras

from gocor_tf.trainers import report
from gocor_tf.trainers.configs import schema


def test_describes_weights_config_and_results(tmp_path):
    weights = tmp_path / "model.weights.h5"
    weights.write_bytes(b"weights")
    config = schema.TrainConfig(num_steps=7)
    results = {"steps": 7, "data_wait_share": 0.25}
    content = report.describe(config, weights, results)
    assert content["data_wait_share"] == 0.25
    assert content["weights"] == {
        "file": weights.name,
        "sha256": hashlib.sha256(b"weights").hexdigest(),
    }
    assert content["config"]["num_steps"] == 7
    assert content["config"]["data"]["size"] == 256
    assert content["backend"] == keras.backend.backend()
    assert content["versions"]["keras"] == keras.__version__


def test_a_saved_report_reads_back(tmp_path):
    path = tmp_path / report.REPORT
    config = report.config_as_dict(schema.TrainConfig())
    report.save(path, {"config": config})
    assert json.loads(path.read_text()) == {"config": config}
