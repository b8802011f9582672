"""Published names against the state dicts of the published networks."""

import json
import pathlib

import numpy as np
import pytest

import gocor_tf
from gocor_tf.export import checkpoint_conversion, published_names
from tests.testdata.oracle import oracle_weights

SPECS = pathlib.Path(oracle_weights.__file__).parent / "specs" / "models"


def published_shapes(preset):
    """Returns name -> shape of the published network's state dict."""
    specs = {
        path.stem.lower().replace("semanticglunet", "semantic_glunet"): path
        for path in SPECS.iterdir()
    }
    spec = json.loads(specs[preset].read_text())
    return {name: shape for name, shape, _ in spec["tensors"]}


@pytest.mark.parametrize("preset", checkpoint_conversion.PRESETS)
def test_names_and_shapes_are_those_of_the_state_dict(preset):
    shapes = published_shapes(preset)
    model = gocor_tf.load_model(preset, weights=None)
    variables = published_names.variables(model)
    unused = published_names.unused(model, shapes)
    assert set(variables).isdisjoint(unused)
    assert set(variables) | set(unused) == set(shapes)
    assert {id(v) for v in variables.values()} == {
        id(v) for v in model.variables
    }
    for name, variable in variables.items():
        value = np.broadcast_to(np.float32(0), shapes[name])
        published_names.keras_layout(value, variable.shape)


def test_convolutions_are_transposed():
    value = np.arange(24).reshape(2, 3, 2, 2)
    kernel = published_names.keras_layout(value, (2, 2, 3, 2))
    assert kernel[0, 1, 2, 1] == value[1, 2, 0, 1]


def test_4d_convolutions_keep_their_first_axis():
    value = np.arange(2 * 5 * 3 * 2 * 2 * 2).reshape(2, 5, 3, 2, 2, 2)
    kernel = published_names.keras_layout(value, (2, 2, 2, 2, 3, 5))
    assert kernel[1, 0, 1, 0, 2, 4] == value[1, 4, 2, 0, 1, 0]


def test_predictors_become_vectors():
    value = np.arange(10).reshape(1, 10, 1, 1)
    vector = published_names.keras_layout(value, (10,))
    np.testing.assert_array_equal(vector, np.arange(10))


@pytest.mark.parametrize(
    ("published", "shape"),
    [((2, 3, 2, 2), (2, 2, 2, 3)), ((2, 5), (10,)), ((3,), (2,))],
)
def test_other_shapes_are_refused(published, shape):
    with pytest.raises(ValueError, match="`value` must correspond"):
        published_names.keras_layout(np.zeros(published), shape)
