"""Doubt about a flow where it is not smooth."""

import numpy as np
import pytest

from gocor_tf import bands, smoothness, views

SIZE = (40, 60)


def _plane(size=SIZE):
    x, y = np.moveaxis(views.pixel_grid(size), -1, 0)
    flow = np.stack([3000 + 2 * x - 0.5 * y, x + y - 50], axis=-1)
    return flow.astype(np.float32)


@pytest.mark.parametrize("size", [SIZE, (1, 1), (5, 3), (1, 30)])
def test_planes_are_smooth_up_to_the_border(size):
    departure = smoothness.departure(_plane(size))
    assert departure.shape == size
    assert departure.max() < 1e-3


def test_departure_is_the_residual_of_the_best_plane():
    flow = _plane()
    flow += np.random.default_rng(0).normal(size=flow.shape)
    grid = views.pixel_grid((17, 17)).reshape(-1, 2)
    basis = np.column_stack([grid, np.ones(len(grid))])
    window = flow[10:27, 20:37].reshape(-1, 2)
    rest = np.linalg.lstsq(basis, window, rcond=None)[1]
    expected = np.sqrt(rest.sum() / len(grid))
    departure = smoothness.departure(flow)
    np.testing.assert_allclose(departure[18, 28], expected, rtol=1e-5)


def test_bands_change_nothing(monkeypatch):
    flow = np.random.default_rng(0).normal(size=(*SIZE, 2)).astype(np.float32)
    expected = smoothness.departure(flow)
    monkeypatch.setattr(bands, "_MAX_PIXELS", 7 * SIZE[1])
    np.testing.assert_array_equal(smoothness.departure(flow), expected)


def test_confidence_falls_at_the_border_of_a_moving_thing_alone():
    flow = np.zeros((*SIZE, 2), np.float32)
    flow[:, 30:] = 10
    confidence = np.full(SIZE, 0.9, np.float32)
    smoothness.lower(confidence, flow)
    np.testing.assert_allclose(confidence[:, :22], 0.9, atol=1e-3)
    np.testing.assert_allclose(confidence[:, 38:], 0.9, atol=1e-3)
    # A step of 10 px in x and y departs from its plane by about 3.5 px.
    assert (confidence[:, 28:32] < 0.9 / (1 + np.sqrt(3.5 / 128))).all()
    assert (confidence > 0.5).all()
