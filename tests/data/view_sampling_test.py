import numpy as np
import pytest

from gocor_tf.data import random_warps, view_sampling, warp_formulas

STRONG = {"rotation_probability": 1.0, "zoom_probability": 1.0}


def _sample(number=64, **ranges):
    rng = np.random.default_rng(1)
    return view_sampling.sample_warps(
        rng, number, random_warps.ViewWarps(**ranges)
    )


def _map(warps, size=32):
    basis = warp_formulas.spline_basis(warp_formulas.view_points(size))
    x, y = warp_formulas.map_points(basis, warps["homography"], warps["spline"])
    return np.stack([x, y], axis=-1)


def _on_canvas(warps, points):
    view = warps["view"]
    return points @ view[:, :, :2].transpose(0, 2, 1) + view[:, None, :, 2]


def test_shapes_and_types():
    shapes = {name: value.shape for name, value in _sample(3).items()}
    assert shapes == {
        "homography": (3, 3, 3),
        "spline": (3, 12, 2),
        "view": (3, 2, 3),
        "query_scale": (3,),
        "reference_scale": (3,),
    }
    assert {v.dtype.name for v in _sample(3).values()} == {"float32"}


@pytest.mark.parametrize("family", random_warps.TRANSFORMATIONS)
def test_a_family_is_what_its_name_says(family):
    warps = _sample(8, transformations=(family,), shift=0.0)
    flat = np.allclose(warps["spline"][:, :9], 0, atol=1e-6)
    affine = np.allclose(warps["homography"][:, 2], (0, 0, 1))
    identity = np.allclose(warps["homography"], np.eye(3), atol=1e-6)
    expected = {
        "homography": (True, False, False),
        "affine": (True, True, False),
        "tps": (False, True, True),
        "affine_tps": (False, True, False),
    }
    assert (flat, affine, identity) == expected[family]


def test_weights_choose_families():
    warps = _sample(
        transformations=("affine", "tps"), transformation_weights=(0, 1)
    )
    assert np.abs(warps["spline"][:, :9]).max(axis=(1, 2)).min() > 0


@pytest.mark.parametrize("ranges", [{}, STRONG])
def test_views_share_enough_of_the_canvas(ranges):
    warps = _sample(**ranges)
    points = _map(warps)
    seen = np.abs(points) < 1, np.abs(_on_canvas(warps, points)) < 1
    share = np.logical_and(*seen).all(axis=-1).mean(axis=1)
    zoom = warps["reference_scale"] / warps["query_scale"]
    assert np.all(share > 0.15 / np.maximum(zoom, 1) ** 2)


def test_the_wider_view_stays_on_the_canvas_for_the_most_part():
    warps = _sample(transformations=("affine",), zoom_probability=1.0)
    points = warp_formulas.view_points(32)[None]
    reference = _on_canvas(warps, _map(warps))
    query = _on_canvas(warps, np.repeat(points, 64, axis=0))
    for view in (reference, query):
        share = (np.abs(view) < 1).all(axis=-1).mean(axis=1)
        assert np.median(share) > 0.8 and share.min() > 0.2


def test_nothing_folds():
    points = _map(_sample(256, **STRONG)).reshape(-1, 32, 32, 2)
    dx = np.diff(points, axis=2)[:, 1:]
    dy = np.diff(points, axis=1)[:, :, 1:]
    area = dx[..., 0] * dy[..., 1] - dx[..., 1] * dy[..., 0]
    assert (area > 0).mean() > 0.9999


def test_scales_are_the_mean_sides_of_the_views():
    warps = _sample(transformations=("affine",), **STRONG)
    view = np.linalg.det(warps["view"][:, :, :2])
    np.testing.assert_allclose(warps["query_scale"] ** 2, view, rtol=1e-4)
    both = view * np.linalg.det(warps["homography"])
    np.testing.assert_allclose(warps["reference_scale"] ** 2, both, rtol=1e-3)


def test_rotation_and_zoom_reach_their_limits():
    warps = _sample(
        transformations=("tps",), tps_shift=0.0, view_aspect=1.0, **STRONG
    )
    linear = warps["homography"][:, :2, :2]
    zoom = np.sqrt(np.linalg.det(linear))
    assert zoom.min() < 0.4 and zoom.max() > 2.5
    angle = np.degrees(np.arctan2(linear[:, 1, 0], linear[:, 0, 0]))
    assert angle.min() < -150 and angle.max() > 150


def test_hopeless_draws_become_the_identity():
    warps = _sample(4, affine_shift=50.0, transformations=("affine",))
    np.testing.assert_allclose(_map(warps), _map(_sample(1, **{
        "transformations": ("tps",), "tps_shift": 0.0, "shift": 0.0,
    })).repeat(4, axis=0), atol=1e-5)  # fmt: skip
