"""Fixtures of the command tests."""

import pytest
from absl import flags

from gocor_tf.models import BaseNet


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
