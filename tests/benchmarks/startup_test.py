"""The cost of a cold start."""

import pytest
from absl import app

from benchmarks import startup, stopwatch
from tests.trainers.conftest import run_command

__all__ = ["run_command"]


def test_steps_are_timed_in_order(tmp_path):
    steps = ["time.sleep(0.3)", "assert reference != query", "time.sleep(0.2)"]
    first, second, third = startup.time_steps(steps, tmp_path)
    assert first >= 0.3
    assert 0 <= second < 0.1
    assert 0.2 <= third < 0.3


def test_table_holds_every_step():
    keys = [*startup.STEPS, "command"]
    spreads = {key: stopwatch.Spread(1, 2, 3, 5) for key in keys}
    table = startup.format_table(spreads)
    assert table.count("2.00 (1.00 to 3.00)") == len(keys)


def test_runs_must_be_positive(run_command):  # noqa: F811
    with pytest.raises(app.UsageError, match="`--runs` must be a number > 0"):
        run_command(startup.run, startup.define_flags, "--runs=0")


@pytest.mark.slow
def test_packaged_pair_is_matched():
    spreads = startup.measure(1)
    assert spreads["command"].median > spreads["import keras"].median > 0
