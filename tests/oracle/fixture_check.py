"""Checks every array of a fixture against one case.

A case computes all outputs of a fixture, in its own layout, from its inputs
and parameters. Outputs and derivatives are compared by the rule of the
fixtures' helper, `Fixture.compare`. An array that nothing was compared with,
and an input or parameter that nothing used, fails the test.
"""

import contextlib
import copy
import dataclasses
from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from gocor_tf.export import published_names
from tests import autodiff
from tests.oracle import comparison


@dataclasses.dataclass
class Case:
    """How to compute one fixture.

    Attributes:
        function: takes the inputs and the parameters, two dicts of tensors,
            and returns a dict: output name -> tensor, "info:<name>" -> number
            to compare with the fixture's info.
        variables: parameter name -> Keras variable that takes its value.
        inputs: inputs that the fixture does not store.
        unused: names of parameters that the published code never reads.
        noise: float32 noise of outputs of which the manifest gives none.
        in_float64: returns the same case in double precision, which decides
            where rounding carries a number over a kink (GOCor's score, a
            ReLU): what follows then differs by far more than rounding.
    """

    function: Callable
    variables: dict = dataclasses.field(default_factory=dict)
    inputs: dict = dataclasses.field(default_factory=dict)
    unused: list = dataclasses.field(default_factory=list)
    noise: dict = dataclasses.field(default_factory=dict)
    in_float64: Callable | None = None


class _Used(dict):
    """Remembers which keys were read."""

    def __init__(self, *args):
        super().__init__(*args)
        self.keys_read = set()

    def __getitem__(self, key):
        self.keys_read.add(key)
        return super().__getitem__(key)


def check(fixture, case):
    """Fails unless the case reproduces all of the fixture."""
    fixture = _with_noise(fixture, case.noise)
    values, problems = _find_problems(fixture, case)
    if problems and case.in_float64 is not None:
        exact_values, problems = _find_problems(fixture, case.in_float64())
        problems += comparison.compare_precisions(fixture, values, exact_values)
    assert not problems, "\n".join([fixture.entry["id"], *problems])


def _find_problems(fixture, case):
    """Returns all values of a case, and a line for each that is wrong."""
    values, used = _evaluate(fixture, case)
    problems = [
        *comparison.compare_values(fixture, values),
        *_find_unused(fixture, case, values, used),
        *_check_trainable(fixture, case),
    ]
    return values, problems


def parameters(fixture):
    """Returns the fixture's parameters, stored or made from a seed."""
    made = fixture.weights() if "weights" in fixture.entry else {}
    counters = [n for n in made if n.endswith("num_batches_tracked")]
    for name in counters:
        del made[name]
    return {**made, **fixture.param}


@contextlib.contextmanager
def assigned(variables, params):
    """Gives Keras variables the values of parameters inside the context."""
    mapping = []
    for name, variable in variables.items():
        value = published_names.keras_layout(
            params[name], variable.shape, library=ops
        )
        value = ops.cast(value, variable.dtype)
        if not variable.trainable:
            value = ops.stop_gradient(value)
        mapping.append((variable, value))
    with keras.StatelessScope(state_mapping=mapping) as scope:
        yield scope


def to_channels_last(tensor):
    """Moves the second axis to the end: NCHW to NHWC."""
    return ops.moveaxis(tensor, 1, -1)


def to_channels_first(tensor):
    """Moves the last axis to the second place: NHWC to NCHW."""
    return ops.moveaxis(tensor, -1, 1)


def _with_noise(fixture, noise):
    """Returns the fixture with noise where its manifest has none."""
    arrays = dict(fixture.entry["arrays"])
    for name, value in noise.items():
        arrays["out/" + name] = {
            "f32_vs_f64_max": value,
            **arrays["out/" + name],
        }
    fixture = copy.copy(fixture)
    fixture.entry = {**fixture.entry, "arrays": arrays}
    return fixture


def _evaluate(fixture, case):
    """Returns array key -> value, and the keys of the inputs that were read."""
    arrays = {"in:" + k: v for k, v in {**fixture.inp, **case.inputs}.items()}
    for name, value in parameters(fixture).items():
        arrays["param:" + name] = value
    leaves = {name: arrays[name] for name in _differentiated(fixture)}
    used, values = set(), {}
    for prefix in _gradient_prefixes(fixture):

        def function(tensors, prefix=prefix):
            outputs = _call(case, {**arrays, **tensors}, used)
            return _scalar(fixture, prefix, outputs), outputs

        if fixture.grad or fixture.grad64:
            outputs, gradients = autodiff.gradients(function, leaves)
        else:
            outputs, gradients = _call(case, arrays, used), {}
        for name, value in outputs.items():
            key = name if name.startswith("info:") else "out/" + name
            values[key] = np.asarray(ops.convert_to_numpy(value))
        for name, value in gradients.items():
            for role in ("grad/", "grad64/"):
                values[role + prefix + name] = value
                values[role + prefix + "sub:" + name] = value
    return values, used


def _call(case, arrays, used):
    roles = {
        role: _Used(
            (key.removeprefix(role), value)
            for key, value in arrays.items()
            if key.startswith(role)
        )
        for role in ("in:", "param:")
    }
    with assigned(case.variables, roles["param:"]):
        outputs = case.function(roles["in:"], roles["param:"])
    for role, read in roles.items():
        used.update(role + name for name in read.keys_read)
    return outputs


def _differentiated(fixture):
    """Names of the inputs and parameters whose derivatives are stored."""
    names = [*fixture.grad, *fixture.grad64]
    return {n.rpartition("/")[2].removeprefix("sub:") for n in names}


def _gradient_prefixes(fixture):
    """What the derivatives are of: "" or, in losses, the name of a variant."""
    names = [*fixture.grad, *fixture.grad64]
    prefixes = {n.rpartition("/")[0] + "/" for n in names if "/in:" in n}
    return sorted(prefixes) or [""]


def _scalar(fixture, prefix, outputs):
    """Returns the scalar whose derivatives the fixture stores."""
    if prefix:
        variant = prefix.rstrip("/")
        name = f"loss_{variant}"
        return outputs[name if name in outputs else f"{variant}/loss"]
    if "loss_total" in outputs:
        return outputs["loss_total"]
    scalar = ops.zeros(())
    for name in fixture.entry["info"].get("grad_of", ()):
        products = ops.multiply(outputs[name], fixture.cotangent(name))
        scalar = ops.add(scalar, ops.sum(products))
    return scalar


def _find_unused(fixture, case, values, used):
    """Yields a line for each array that the case leaves out."""
    rules = [a.get("compare", "") for a in fixture.entry["arrays"].values()]
    masks = {"out/" + r.split()[1] for r in rules if r.startswith("where ")}
    for key in fixture.arrays:
        role, _, name = key.partition("/")
        if role in ("in", "param"):
            if f"{role}:{name}" not in used:
                yield f"{key}: not used"
        elif key not in values and key not in masks:
            yield f"{key}: not compared"
    for name in parameters(fixture):
        if f"param:{name}" not in used and name not in case.unused:
            yield f"param/{name}: not used"


def _check_trainable(fixture, case):
    """Yields a line for each variable that is wrongly (not) trainable."""
    info = fixture.entry["info"]
    requires_grad = dict.fromkeys(info.get("frozen", ()), False)
    requires_grad |= info.get("requires_grad", {})
    for name, expected in requires_grad.items():
        variable = case.variables.get(name)
        if variable is not None and variable.trainable != expected:
            yield f"{name}: trainable is {variable.trainable}, not {expected}"
