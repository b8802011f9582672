import functools
import json

import pytest

from gocor_tf.trainers import settings
from gocor_tf.trainers.configs.schema import TrainConfig

PHOTOGRAPHS = ["folder/a.png", "folder/b.png"]


def _config():
    config = TrainConfig()
    config.data.image_dir = "folder"
    return config


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_steps", 0),
        ("checkpoint_every", 0),
        ("log_every", -1),
        ("dtype_policy", "float8"),
        ("max_skipped_steps", 0),
        ("optimizer.accumulation", 0),
        ("optimizer.learning_rate", 0.0),
        ("optimizer.average_decay", 1.0),
    ],
)
def test_unusable_values_are_refused(name, value):
    config = _config()
    settings.check(config)
    *parents, field = name.split(".")
    setattr(functools.reduce(getattr, parents, config), field, value)
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        settings.check(config)


def test_missing_image_dir_is_refused():
    with pytest.raises(ValueError, match="`data.image_dir` must be"):
        settings.check(TrainConfig())


def test_a_run_may_be_moved_and_logged_otherwise():
    saved = settings.that_matter(_config(), PHOTOGRAPHS)
    assert json.loads(json.dumps(saved)) == saved
    config = _config()
    config.data.image_dir = "elsewhere"
    config.log_every = 7
    moved = ["elsewhere/a.png", "elsewhere/b.png"]
    settings.check_unchanged(saved, settings.that_matter(config, moved), "w")


def test_another_run_is_refused():
    saved = settings.that_matter(_config(), PHOTOGRAPHS)
    config = _config()
    config.optimizer.learning_rate = 0.5
    current = settings.that_matter(config, PHOTOGRAPHS[:1])
    with pytest.raises(ValueError, match="optimizer.learning_rate was 0.001 "):
        settings.check_unchanged(saved, current, "w")
    with pytest.raises(ValueError, match="photographs was '2 files"):
        settings.check_unchanged(saved, current, "w")
