"""Compares ops and layers between Keras's backends, a process for each."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

from tests import backend_cases

pytestmark = pytest.mark.slow

_CHECKOUT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Returns a function of a backend to all its arrays, computed once."""
    folder = tmp_path_factory.mktemp("backends")
    known = {}

    def get(backend):
        if backend not in known:
            if importlib.util.find_spec(backend) is None:
                pytest.skip(f"{backend} is not installed")
            path = folder / f"{backend}.npz"
            subprocess.run(
                [sys.executable, "-m", "tests.backend_cases", str(path)],
                cwd=_CHECKOUT,
                env={**os.environ, "KERAS_BACKEND": backend},
                check=True,
            )
            known[backend] = dict(np.load(path))
        return known[backend]

    return get


@pytest.mark.parametrize("name", [*backend_cases.OPS, *backend_cases.LAYERS])
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_equals_tensorflow(results, backend, name):
    expected, actual = (
        {k: v for k, v in results(b).items() if k.startswith(f"{name}/")}
        for b in ("tensorflow", backend)
    )
    assert expected.keys() == actual.keys()
    assert expected
    for key, value in expected.items():
        scale = max(1.0, np.abs(value).max())
        np.testing.assert_allclose(
            actual[key], value, rtol=0, atol=1e-4 * scale, err_msg=key
        )
