"""What every network of the family can do, preset by preset.

Each preset runs at a small size of its own, and at its full one where slow
tests are asked for.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

import gocor_tf

# Constructor arguments of the small network, by the start of a preset's name.
_SMALL = {
    "": {"backbone": "compact", "width": 0.125},
    "pwcnet": {"width": 0.125},
}
_NAMES = sorted(gocor_tf.presets())
# By preset and size; the small network of `default` is not the trained one.
_NETWORKS = [(name, "small") for name in _NAMES] + [
    pytest.param((name, "full"), marks=pytest.mark.slow) for name in _NAMES
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
    """A preset's name, its size, and the network with random weights."""
    keras.utils.set_random_seed(0)
    model = _load(*request.param)
    rng = np.random.default_rng(0)
    # No weight keeps a value that a new network has too, such as zero.
    model.set_weights(
        [
            weight * rng.uniform(0.9, 1.1, weight.shape)
            + rng.uniform(-0.01, 0.01, weight.shape)
            for weight in model.get_weights()
        ]
    )
    return *request.param, model


def _pair():
    rng = np.random.default_rng(0)
    return {
        "reference": rng.uniform(0, 255, (2, 40, 56, 3)).astype("float32"),
        "query": rng.uniform(0, 255, (2, 48, 50, 3)).astype("float32"),
    }


def _assert_equal(outputs, expected):
    assert outputs.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(outputs[name], value, err_msg=name)


def test_weights_file_round_trip(preset, tmp_path):
    name, size, model = preset
    path = tmp_path / "network.weights.h5"
    model.save_weights(path)
    copy = _load(name, size, weights=path)
    for weight, expected in zip(copy.weights, model.weights, strict=True):
        np.testing.assert_array_equal(weight, expected, err_msg=weight.path)


def test_keras_file_round_trip_as_part_of_a_larger_model(preset, tmp_path):
    *_, model = preset
    pair = {
        name: keras.Input((None, None, 3), name=name)
        for name in ("reference", "query")
    }
    outputs = model(pair)
    speed = keras.ops.norm(outputs["flow"], axis=-1)
    larger = keras.Model(pair, {**outputs, "speed": speed})
    path = tmp_path / "network.keras"
    larger.save(path)
    copy = keras.models.load_model(path)
    expected = {**model(_pair()), "speed": None}
    expected["speed"] = keras.ops.norm(expected["flow"], axis=-1)
    _assert_equal(larger(_pair()), expected)
    _assert_equal(copy(_pair()), expected)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(preset, policy):
    name, size, model = preset
    copy = _load(name, size, dtype=policy)
    copy.set_weights(model.get_weights())
    outputs, expected = copy(_pair()), model(_pair())
    assert outputs.keys() == expected.keys()
    for name, value in outputs.items():
        assert np.isfinite(keras.ops.cast(value, "float32")).all(), name
        if name.startswith("flow"):
            assert value.dtype == "float32", name
    flow, expected = outputs["flow"].numpy(), expected["flow"].numpy()
    error, length = (
        np.linalg.norm(vectors, axis=-1).mean()
        for vectors in (flow - expected, expected)
    )
    assert error < 0.02 * length


@pytest.mark.slow
def test_xla_compiles_the_network(preset):
    *_, model = preset
    compiled = tf.function(lambda pair: model(pair), jit_compile=True)
    outputs = compiled(_pair())
    for name, expected in model(_pair()).items():
        size = np.abs(expected).max()
        np.testing.assert_allclose(
            outputs[name], expected, atol=1e-4 * size, err_msg=name
        )
