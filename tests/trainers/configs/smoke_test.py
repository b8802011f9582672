"""Every recipe trains: tiny photographs, a narrow network, short descents.

Those with the most of each network and loss are compiled; the others run
operation by operation, which saves most of the time.
"""

import numpy as np
import pytest
import tensorflow as tf
from absl import app

from gocor_tf.models import load_model
from gocor_tf.trainers import train_lib
from tests.trainers.configs import recipe_files

pytestmark = pytest.mark.slow

# Without the default: train_lib_test.py runs its smoke variant.
RECIPES = sorted({*recipe_files.ALL} - {"default"})
COMPILED = {
    "glunet_gocor_star_stage2",
    "pdcnet_plus_stage2",
    "pwcnet_gocor_sintel",
    "warpc_glunet_stage2",
}


def _config(name, variant, image_dir):
    config = recipe_files.get_config(name, variant)
    config.data.image_dir = str(image_dir)
    config.model.width = 0.125
    config.tensorboard = False
    if config.model.num_iterations:
        # Most of the time is spent on building the graph of the descents.
        config.model.num_iterations = 1
    if not name.startswith("pwcnet"):
        config.model.backbone = "compact"
    return config


@pytest.mark.parametrize("name", RECIPES)
def test_smoke_variant_trains(name, image_dir, tmp_path):
    config = _config(name, "smoke", image_dir)
    tf.config.run_functions_eagerly(name not in COMPILED)
    try:
        report = train_lib.train(config, tmp_path / "run")
    finally:
        tf.config.run_functions_eagerly(False)
    assert report["steps"] == 2
    assert report["skipped_steps"] == 0
    assert np.isfinite(report["train"]["loss"])
    assert np.isfinite(report["validation"]["aepe"])
    assert (tmp_path / "run/model.weights.h5").is_file()


def test_second_stage_starts_from_the_first(image_dir, tmp_path):
    path = tmp_path / "stage1.weights.h5"
    first = load_model(
        "pdcnet_plus", None, backbone="compact", width=0.125, two_pyramids=False
    )
    first.save_weights(path)
    config = _config("pdcnet_plus_stage2", "smoke", image_dir)
    config.model.init_weights = str(path)
    run = train_lib.TrainingRun(config, tmp_path / "run")
    for name, other in (("pyramid_256", "pyramid"), ("level_1", "level_1")):
        for array, expected in zip(
            getattr(run._model, name).get_weights(),
            getattr(first, other).get_weights(),
            strict=True,
        ):
            np.testing.assert_array_equal(array, expected)


def test_forgotten_first_stage_is_named(image_dir, tmp_path):
    config = _config("pdcnet_stage2", "full", image_dir)
    with pytest.raises(
        app.UsageError, match="existing .*runs/pdcnet_stage1/model.weights.h5"
    ):
        train_lib.train(config, tmp_path / "run")
