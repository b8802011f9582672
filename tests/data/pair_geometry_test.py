import numpy as np
import pytest
from keras import ops

from gocor_tf.data import warp_formulas
from gocor_tf.data.pair_geometry import PairGeometry
from gocor_tf.ops import warp

SIZE = 32
GRID = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE)), axis=-1)
CANVAS = np.stack(
    [*np.meshgrid(np.arange(64), np.arange(64)), np.zeros((64, 64))], axis=-1
).astype("uint8")


@pytest.fixture
def geometry():
    return PairGeometry(SIZE, (SIZE - 1) / 2, (SIZE - 1) / 2)


def _batch(shift=(0.0, 0.0)):
    """Returns a translated pair from the middle of the canvas."""
    half = (SIZE - 1) / 2
    homography = np.eye(3)
    homography[:2, 2] = np.divide(shift, half)
    spline = warp_formulas.solve_splines(warp_formulas.CONTROL_POINTS[None])
    view = np.array([(half, 0, 16 + half), (0, half, 16 + half)])
    arrays = {
        "homography": homography,
        "spline": spline[0],
        "view": view,
        "canvas": CANVAS,
        "window": np.array([(0, 0), (63, 63)]),
        "query": CANVAS[16:48, 16:48],
    }
    return {
        name: value[None].astype(value.dtype if value.ndim > 2 else "float32")
        for name, value in arrays.items()
    }


def test_a_translation_is_a_constant_flow(geometry):
    batch = _batch((3.0, -2.5))
    pair, shown = geometry.render(batch, geometry.match(batch))
    flow = np.asarray(pair["flow"])[0]
    np.testing.assert_allclose(flow, np.full_like(flow, (3.0, -2.5)), atol=1e-4)
    reference = np.asarray(pair["reference"])[0, ..., :2]
    np.testing.assert_allclose(reference, GRID + 16 + flow, atol=1e-3)
    assert np.asarray(shown).min() == 1
    in_view = np.asarray(geometry.in_view(pair["flow"]))[0, ..., 0]
    expected = np.zeros((SIZE, SIZE))
    expected[3:, :29] = 1
    np.testing.assert_array_equal(in_view, expected)


def test_the_host_finds_the_same_pixels_in_view(geometry):
    batch = _batch((3.2, -2.5))
    one = {name: value[0] for name, value in batch.items()}
    pair, _ = geometry.render(batch, geometry.match(batch))
    np.testing.assert_array_equal(
        geometry.is_in_view(one, GRID.reshape(-1, 2)),
        np.asarray(geometry.in_view(pair["flow"])).ravel() > 0,
    )


def test_a_bent_reference_is_the_reference_sampled_elsewhere(geometry):
    batch = _batch((2.0, 1.0))
    delta = np.random.default_rng(0).normal(0, 2, (1, SIZE, SIZE, 2))
    delta = delta.astype("float32")
    plain, _ = geometry.render(batch, geometry.match(batch))
    matched = geometry.match(batch, ops.convert_to_tensor(delta))
    bent, _ = geometry.render(batch, matched)
    # What points out of the image ends at its rim.
    moved = np.clip(GRID + delta, 0, SIZE - 1) - GRID
    np.testing.assert_allclose(
        np.asarray(bent["flow"]), moved + np.float32((2, 1)), atol=1e-4
    )
    inner = (slice(None), slice(8, -8), slice(8, -8))
    np.testing.assert_allclose(
        np.asarray(bent["reference"])[inner],
        np.asarray(warp(plain["reference"], delta))[inner],
        atol=1e-2,
    )


def test_the_photograph_is_shown_inside_its_window_alone(geometry):
    batch = _batch()
    batch["window"][0, 0] = (20, 0)
    _, shown = geometry.render(batch, geometry.match(batch))
    expected = np.tile(np.arange(SIZE) + 16 > 20, (SIZE, 1))
    np.testing.assert_array_equal(np.asarray(shown)[0, ..., 0], expected)
