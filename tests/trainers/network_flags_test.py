import pytest
from absl import app, flags

from gocor_tf.trainers import network_flags


def _load(run_command, *arguments):
    loaded = []
    run_command(
        lambda argv: loaded.append(
            network_flags.load_model(flags.FLAGS.preset, flags.FLAGS.weights)
        ),
        network_flags.define,
        *arguments,
    )
    return loaded[0]


def test_random_weights_give_a_built_network(run_command):
    assert _load(run_command, "--weights=random").built


def test_a_preset_that_does_not_exist(run_command):
    with pytest.raises(app.UsageError, match="`--preset` must be one of"):
        _load(run_command, "--preset=best")


def test_a_misspelt_preset(run_command):
    with pytest.raises(app.UsageError, match=r"Did you mean basenet\?"):
        _load(run_command, "--preset=basnet")


def test_a_preset_without_weights(run_command):
    with pytest.raises(app.UsageError, match="holds no weights of basenet"):
        _load(run_command, "--preset=basenet")


def test_a_weights_file_that_does_not_exist(run_command, tmp_path):
    with pytest.raises(ValueError, match="`weights` must be an existing"):
        _load(run_command, f"--weights={tmp_path / 'a.weights.h5'}")
