"""Tests that the check of a fixture fails where it should."""

import types

import numpy as np
import pytest
from keras import ops

from tests.oracle import comparison, fixture_check


class Fixture:
    """A fixture of `y = 2 x + p`, with derivatives for a cotangent of ones."""

    def __init__(self):
        self.inp = {"x": np.arange(6, dtype="float32")}
        self.param = {"p": np.ones(1, "float32")}
        self.out = {"y": 2 * self.inp["x"] + 1}
        self.grad = {
            "in:x": np.full(6, 2, "float32"),
            "param:p": np.full(1, 6, "float32"),
        }
        self.grad64 = {}
        self.arrays = {
            f"{role}/{name}": value
            for role, values in (
                ("in", self.inp),
                ("param", self.param),
                ("out", self.out),
                ("grad", self.grad),
            )
            for name, value in values.items()
        }
        self.entry = {
            "id": "ops/made_up",
            "arrays": {key: {} for key in self.arrays},
            "info": {"grad_of": ["y"], "requires_grad": {"p": True}},
        }

    def cotangent(self, name):
        return np.ones_like(self.out[name])

    def tolerance(self, key):
        return 1e-6

    def compare(self, key, value):
        wanted = self.arrays[key]
        return {
            "ok": value.shape == wanted.shape
            and np.allclose(value, wanted, atol=1e-6)
        }


def right(inputs, params):
    return {"y": 2 * inputs["x"] + params["p"]}


def check(function, **options):
    fixture_check.check(Fixture(), fixture_check.Case(function, **options))


def test_the_right_function_passes():
    check(right)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda i, p: {"y": 2 * i["x"] + p["p"] + 1}, "out/y"),
        (lambda i, p: {"y": (2 * i["x"] + p["p"])[:, None]}, "out/y"),
        (
            lambda i, p: {"y": 2 * ops.stop_gradient(i["x"]) + p["p"]},
            "grad/in:x",
        ),
        (lambda i, p: {"y": 2 * i["x"] + 1}, "param/p: not used"),
        (
            lambda i, p: {**right(i, p), "z": i["x"]},
            "out/z: not in the fixture",
        ),
        (lambda i, p: {**right(i, p), "info:n": 3}, "info:n"),
    ],
)
def test_a_wrong_function_fails(function, message, monkeypatch):
    monkeypatch.setattr(comparison, "_compare_info", _info_of_none)
    with pytest.raises(AssertionError, match=message):
        check(function)


def _info_of_none(fixture, key, value):
    yield f"{key}: {value}"


def test_an_output_that_nothing_computes_fails(monkeypatch):
    fixture = Fixture()
    fixture.arrays["out/z"] = fixture.out["z"] = np.zeros(1)
    fixture.entry["arrays"]["out/z"] = {}
    with pytest.raises(AssertionError, match="out/z: not compared"):
        fixture_check.check(fixture, fixture_check.Case(right))


def test_a_weight_that_is_wrongly_frozen_fails():
    frozen = types.SimpleNamespace(trainable=False, shape=(1,))
    problems = fixture_check._check_trainable(
        Fixture(), fixture_check.Case(right, {"p": frozen})
    )
    assert list(problems) == ["p: trainable is False, not True"]


def test_a_weight_that_is_wrongly_trained_fails():
    fixture = Fixture()
    fixture.entry["info"] = {"frozen": ["p"]}
    trained = types.SimpleNamespace(trainable=True, shape=(1,))
    problems = fixture_check._check_trainable(
        fixture, fixture_check.Case(right, {"p": trained})
    )
    assert list(problems) == ["p: trainable is True, not False"]


def test_a_parameter_may_be_declared_unused():
    fixture = Fixture()
    fixture.param["q"] = np.ones(1, "float32")
    with pytest.raises(AssertionError, match="param/q: not used"):
        fixture_check.check(fixture, fixture_check.Case(right))
    fixture_check.check(fixture, fixture_check.Case(right, unused=["q"]))


def test_noise_fills_gaps_of_the_manifest():
    fixture = Fixture()
    fixture.entry["arrays"]["out/y"] = {"absmax": 11}
    filled = fixture_check._with_noise(fixture, {"y": 0.5})
    assert filled.entry["arrays"]["out/y"] == {
        "absmax": 11,
        "f32_vs_f64_max": 0.5,
    }
    again = fixture_check._with_noise(filled, {"y": 0.7})
    assert again.entry == filled.entry
    assert fixture.entry["arrays"]["out/y"] == {"absmax": 11}


def off_by(error):
    return lambda inputs, params: {"y": right(inputs, params)["y"] + error}


@pytest.mark.parametrize(
    ("error", "exact_error", "message"),
    [
        (0.01, 0, None),
        (0.01, 0.01, "out/y"),
        (1, 0, "out/y: in float32 off by"),
    ],
)
def test_double_precision_decides_on_small_errors(error, exact_error, message):
    exact = fixture_check.Case(off_by(exact_error))
    options = {"in_float64": lambda: exact}
    if message is None:
        check(off_by(error), **options)
    else:
        with pytest.raises(AssertionError, match=message):
            check(off_by(error), **options)


@pytest.mark.parametrize(("error", "number"), [(0.19, 0), (0.21, 1)])
def test_published_noise_bounds_that_of_derivatives(error, number):
    noise = {"f32_rel_err": 0.01, "norm_f64": 1.0}
    fixture = types.SimpleNamespace(entry={"arrays": {"grad/p": noise}})
    problems = comparison.compare_precisions(
        fixture,
        {"grad/p": np.array([1.0 + error]), "grad64/p": np.array([2.0])},
        {"grad/p": np.array([1.0]), "grad64/p": np.array([1.0])},
    )
    assert len(list(problems)) == number
