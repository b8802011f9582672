"""Fixtures of the command tests, shared with those of `trainers/`."""

from tests.trainers.conftest import forget_flags, run_command

__all__ = ["forget_flags", "run_command"]
