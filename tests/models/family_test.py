"""What every network of the family can do, preset by preset.

The presets with the most of each network run at a small size of their own;
slow tests run the others too, and all of them at full size.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

import gocor_tf
from tests import richest_presets

# Constructor arguments of the small network, by the start of a preset's name.
_SMALL = {
    "": {"backbone": "compact", "width": 0.125},
    "pwcnet": {"width": 0.125},
}
_NETWORKS = [
    pytest.param(
        (name, size),
        marks=()
        if size == "small" and name in richest_presets.NAMES
        else pytest.mark.slow,
    )
    for name in sorted(gocor_tf.presets())
    for size in ("small", "full")
]


def _load(name, size, **kwargs):
    arguments = {}
    if size == "small":
        start = max(filter(name.startswith, _SMALL), key=len)
        arguments = _SMALL[start]
    kwargs = {"weights": None, **arguments, **kwargs}
    return gocor_tf.load_model(name, **kwargs)


@pytest.fixture(scope="module", params=_NETWORKS, ids="-".join)
def preset(request):
    """A preset's name and size, and its network with its outputs."""
    model = _create(*request.param)
    return *request.param, model, model(_pair())


def _create(name, size):
    keras.utils.set_random_seed(0)
    model = _load(name, size)
    rng = np.random.default_rng(0)
    # No weight keeps a value that a new network has too, such as zero.
    model.set_weights(
        [
            weight * rng.uniform(0.9, 1.1, weight.shape)
            + rng.uniform(-0.01, 0.01, weight.shape)
            for weight in model.get_weights()
        ]
    )
    return model


def _pair(batch=1):
    rng = np.random.default_rng(0)
    return {
        name: rng.uniform(0, 255, (batch, *size, 3)).astype("float32")
        for name, size in (("reference", (40, 56)), ("query", (48, 50)))
    }


def test_weights_file_round_trip(preset, tmp_path):
    name, size, model, _ = preset
    path = tmp_path / "network.weights.h5"
    model.save_weights(path)
    copy = _load(name, size, weights=path)
    for weight, expected in zip(copy.weights, model.weights, strict=True):
        np.testing.assert_array_equal(weight, expected, err_msg=weight.path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "preset",
    [(name, "full") for name in sorted(gocor_tf.presets())],
    indirect=True,
    ids="-".join,
)
def test_keras_file_round_trip_as_part_of_a_larger_model(preset, tmp_path):
    *_, model, expected = preset
    pair = {
        name: keras.Input((None, None, 3), name=name)
        for name in ("reference", "query")
    }
    outputs = model(pair)
    length = keras.ops.norm(outputs["flow"], axis=-1)
    path = tmp_path / "network.keras"
    keras.Model(pair, {**outputs, "length": length}).save(path)
    actual = keras.models.load_model(path)(_pair())
    length = keras.ops.norm(expected["flow"], axis=-1)
    expected = {**expected, "length": length}
    assert actual.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(actual[name], value, err_msg=name)


@pytest.mark.parametrize(
    "policy",
    ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)],
)
def test_mixed_precision(preset, policy):
    name, size, model, expected = preset
    copy = _load(name, size, dtype=policy)
    copy.set_weights(model.get_weights())
    outputs = copy(_pair())
    assert outputs.keys() == expected.keys()
    for name, value in outputs.items():
        assert np.isfinite(keras.ops.cast(value, "float32")).all(), name
        if name.startswith("flow"):
            assert value.dtype == "float32", name
    error, length = (
        np.linalg.norm(vectors, axis=-1).mean()
        for vectors in (outputs["flow"] - expected["flow"], expected["flow"])
    )
    assert error < 0.02 * length


def test_batches_of_different_length_are_named(preset):
    *_, model, _ = preset
    pair = {**_pair(), "query": _pair(2)["query"]}
    with pytest.raises(ValueError, match="`query` must hold as many images"):
        model(pair)


# The small ones: full size has no other kind of operation.
@pytest.mark.slow
@pytest.mark.parametrize("name", richest_presets.NAMES)
def test_xla_compiles_the_network(name):
    # In float64: with random features, GOCor's first filters are differences
    # of nearly equal numbers (spec models.md, C.4).
    model = _create(name, "small")
    exact = type(model).from_config({**model.get_config(), "dtype": "float64"})
    exact.build()
    exact.set_weights(model.get_weights())
    compiled = tf.function(lambda pair: exact(pair), jit_compile=True)
    outputs, expected = compiled(_pair()), exact(_pair())
    assert outputs.keys() == expected.keys()
    for name, value in expected.items():
        tolerance = 1e-5 * np.abs(value).max()
        np.testing.assert_allclose(
            outputs[name], value, rtol=0, atol=tolerance, err_msg=name
        )
