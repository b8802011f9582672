"""Our operations, saved here, beside tensorflow-addons in its TensorFlow."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from gocor_tf.ops import correlation
from gocor_tf.ops.warp import warp

pytestmark = pytest.mark.addons

NAMES = ("output", "first_gradient", "second_gradient")
# Shape of the feature maps, and the search radius.
CORRELATIONS = {
    "correlation_odd": ((2, 13, 21, 5), 2),
    "correlation_one_tile": ((3, 8, 8, 33), 4),
    "correlation_wide": ((1, 24, 40, 64), 4),
}
# Shape of the image, and the longest flow; 0: all samples are in view.
WARPS = {
    "warp_odd": ((2, 13, 21, 5), 9.0),
    "warp_flat": ((1, 5, 64, 3), 20.0),
    "warp_in_view": ((2, 32, 24, 8), 0.0),
}


@pytest.fixture(scope="module")
def answers(inputs, tmp_path_factory, run_there):
    """Returns what `operations.py` answers to the inputs."""
    folder = tmp_path_factory.mktemp("operations")
    tf.saved_model.save(_functions(), str(folder / "exported"))
    np.savez(folder / "inputs.npz", **inputs)
    run_there(
        "operations.py",
        folder / "exported",
        folder / "inputs.npz",
        folder / "outputs.npz",
    )
    return dict(np.load(folder / "outputs.npz"))


@pytest.fixture(scope="module")
def inputs():
    rng = np.random.default_rng(0)
    inputs = {}
    for case, (shape, radius) in CORRELATIONS.items():
        inputs[f"{case}/radius"] = radius
        inputs[f"{case}/first"] = rng.normal(size=shape)
        inputs[f"{case}/second"] = rng.normal(size=shape)
        inputs[f"{case}/output_gradient"] = rng.normal(
            size=(*shape[:3], (2 * radius + 1) ** 2)
        )
    for case, (shape, motion) in WARPS.items():
        inputs[f"{case}/radius"] = 0
        inputs[f"{case}/first"] = rng.normal(size=shape)
        inputs[f"{case}/second"] = _random_flow(rng, shape, motion)
        inputs[f"{case}/output_gradient"] = rng.normal(size=shape)
    return {name: np.float32(value) for name, value in inputs.items()}


def _random_flow(rng, shape, motion):
    size = (*shape[:3], 2)
    if motion:
        return rng.uniform(-motion, motion, size)
    last = np.array(shape[2:0:-1]) - 1
    return rng.uniform(0, last, size) - _grid(shape)


def _grid(shape):
    y, x = np.mgrid[: shape[1], : shape[2]]
    return np.stack([x, y], axis=-1)


def _functions():
    module = tf.Module()
    for case, (shape, radius) in CORRELATIONS.items():
        maps = tf.TensorSpec((None, None, None, shape[-1]))
        function = functools.partial(
            correlation.local_correlation, radius=radius
        )
        setattr(module, case, tf.function(function, [maps, maps]))
    for case, (shape, _) in WARPS.items():
        image = tf.TensorSpec((None, None, None, shape[-1]))
        flow = tf.TensorSpec((None, None, None, 2))
        setattr(module, case, tf.function(warp, [image, flow]))
    return module


def assert_equal(answers, case, side, name):
    np.testing.assert_allclose(
        answers[f"{case}/ours/{name}"],
        answers[f"{case}/{side}/{name}"],
        rtol=1e-5,
        atol=1e-5,
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", ["channels_last", "channels_first"])
@pytest.mark.parametrize("case", CORRELATIONS)
def test_local_correlation_is_correlation_cost(answers, case, side, name):
    assert_equal(answers, case, side, name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", WARPS)
def test_warp_is_resampler(answers, case, name):
    assert_equal(answers, case, "resampler", name)


@pytest.mark.parametrize("name", NAMES)
def test_warp_in_view_is_dense_image_warp(answers, name):
    assert_equal(answers, "warp_in_view", "dense_image_warp", name)


@pytest.mark.parametrize("case", WARPS)
def test_dense_image_warp_repeats_the_border(answers, inputs, case):
    """Out of view; in view, the flow stays as it is."""
    grid = _grid(WARPS[case][0])
    last = grid.max(axis=(0, 1))
    positions = np.clip(grid + inputs[f"{case}/second"], 0, last)
    np.testing.assert_allclose(
        answers[f"{case}/dense_image_warp/output"],
        warp(inputs[f"{case}/first"], np.float32(positions - grid)),
        rtol=1e-5,
        # Positions of some 60 px are rounded once more.
        atol=1e-4,
    )


@pytest.mark.parametrize("case", [*CORRELATIONS, *WARPS])
def test_answers_there_are_those_given_here(answers, inputs, case):
    function = warp
    if case in CORRELATIONS:
        function = functools.partial(
            correlation.local_correlation, radius=CORRELATIONS[case][1]
        )
    np.testing.assert_allclose(
        answers[f"{case}/ours/output"],
        function(inputs[f"{case}/first"], inputs[f"{case}/second"]),
        rtol=1e-5,
        atol=1e-5,
    )
