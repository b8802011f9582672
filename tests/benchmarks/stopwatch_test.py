"""Timing, gradients and processes, on whatever backend Keras runs."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from benchmarks import backend, stopwatch


def test_times_every_way_in_turn():
    calls = []

    def way(name):
        calls.append(name)
        return ops.ones(3)

    times = stopwatch.time_interleaved(
        {"a": lambda: way("a"), "b": lambda: way("b")},
        seconds=0,
        statistic=stopwatch.spread,
    )
    assert calls == ["a", "b"] * 4
    assert times["a"].runs == times["b"].runs == 3
    assert 0 < times["a"].low <= times["a"].median <= times["a"].high


def test_gradients_are_those_of_half_the_squared_output():
    weight = keras.Variable(np.float32([2.0]))
    inputs = [ops.convert_to_tensor(np.float32([3.0]))]
    gradient = backend.trace_gradient(lambda x: weight * x, inputs, [weight])
    found = [np.asarray(g) for g in keras.tree.flatten(gradient())]
    # Of (w x)^2 / 2: by x w^2 x = 12, by w x^2 w = 18.
    assert sorted(float(g[0]) for g in found) == [12.0, 18.0]


def test_own_process_returns_a_result():
    assert stopwatch.run_in_own_process(os.getpid) != os.getpid()


def test_memory_of_the_process():
    peak = stopwatch.process_memory("VmHWM")
    assert peak >= 0.9 * stopwatch.process_memory("VmRSS") > 10


def test_out_of_memory_is_told_from_other_errors():
    assert backend.is_out_of_memory(RuntimeError("RESOURCE_EXHAUSTED: Out"))
    assert backend.is_out_of_memory(MemoryError())
    assert not backend.is_out_of_memory(ValueError("shape"))


def test_describes_the_run():
    facts = backend.describe()
    assert facts["backend"] == keras.backend.backend()
    assert facts["device"] and facts["machine"]["cores"] > 0
    assert facts["versions"]["keras"] == keras.__version__


def test_refuses_other_backends(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(ValueError, match="`KERAS_BACKEND` must be one of"):
        backend.name()


@pytest.mark.slow
def test_runs_on_jax():
    pytest.importorskip("jax")
    path = os.path.abspath(__file__)
    script = f"import pytest; raise SystemExit(pytest.main([{path!r}]))"
    result = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout
