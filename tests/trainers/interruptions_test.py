"""What a run does when something goes wrong in the middle of it."""

import numpy as np
import pytest

from gocor_tf.trainers import train_lib
from tests.trainers import run_files

pytestmark = pytest.mark.slow


def _config(image_dir, **fields):
    config = run_files.plain_config(image_dir, **fields)
    config.data.cache_megabytes = 0
    config.data.prefetch = 1
    return config


def test_gradients_that_stay_not_finite_end_the_run(image_dir, tmp_path):
    config = _config(image_dir, num_steps=20, max_skipped_steps=3)
    config.optimizer.name = "sgd"
    config.optimizer.learning_rate = 1e30
    config.optimizer.schedule = "constant"
    config.validation.interval = 100
    with pytest.raises(RuntimeError, match="not finite in 3 steps in a row"):
        train_lib.train(config, tmp_path / "run")
    assert list((tmp_path / "run/checkpoints").iterdir())


def test_a_lost_photograph_ends_the_run_where_it_can_go_on(image_dir, tmp_path):
    config = _config(image_dir, num_steps=6, checkpoint_every=6)
    whole = train_lib.train(config, tmp_path / "whole")
    run = train_lib.TrainingRun(config, tmp_path / "run")
    lost = image_dir / "0.png"
    lost.rename(tmp_path / "0.png")
    with pytest.raises(OSError, match=r"0\.png.*Put it back"):
        run.train()
    (tmp_path / "0.png").rename(lost)
    report = train_lib.train(config, tmp_path / "run")
    assert report["steps"] == 6
    # Not bit for bit: the run is not deterministic.
    assert report["validation"]["aepe"] == pytest.approx(
        whole["validation"]["aepe"], rel=0.02
    )


def test_averaged_weights_are_what_is_saved(image_dir, tmp_path):
    config = _config(image_dir, num_steps=3)
    config.optimizer.average_decay = 0.9
    run = train_lib.TrainingRun(config, tmp_path / "run")
    run.train()
    averages = run._runner._variables["averages"]
    weights = [v.numpy() for v in run._model.trainable_variables]
    differs = [
        np.abs(average.numpy() - value).max()
        for average, value in zip(averages, weights, strict=True)
    ]
    assert max(differs) > 0
    run._model.load_weights(tmp_path / "run/model.weights.h5")
    for average, variable in zip(
        averages, run._model.trainable_variables, strict=True
    ):
        np.testing.assert_array_equal(average.numpy(), variable.numpy())
