"""Fixtures of the command tests."""

import pytest
from absl import flags

from gocor_tf.models import BaseNet
from tests.trainers import run_files


@pytest.fixture(scope="session")
def small_network():
    """Returns an untrained network, small and quick to compile."""
    model = BaseNet(backbone="compact", decoder="residual", width=0.125)
    model.build()
    return model


@pytest.fixture
def run_command(capsys):
    """Returns a function that runs a command here and returns its output."""

    def run(command, define_flags, *arguments):
        before = set(flags.FLAGS)
        define_flags()
        try:
            command(flags.FLAGS(["command", *map(str, arguments)]))
            return capsys.readouterr().out
        finally:
            for name in set(flags.FLAGS) - before:
                delattr(flags.FLAGS, name)

    return run


@pytest.fixture
def image_dir(tmp_path):
    """Returns a folder of three small photographs of random blobs."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    run_files.write_photographs(folder)
    return folder


@pytest.fixture
def forget_flags():
    """Removes the flags that a test defined by running a whole command."""
    yield
    for name in list(flags.FLAGS):
        module = flags.FLAGS.find_module_defining_flag(name)
        if module is None or not module.startswith("absl"):
            delattr(flags.FLAGS, name)
    flags.FLAGS.unparse_flags()
