import numpy as np
import pytest

from gocor_tf.data import free_warps, warp_formulas
from gocor_tf.data.free_warps import FreeWarps

POINTS = np.array([(-0.5, 0.2), (0.3, -0.7), (0.0, 0.0), (0.6, 0.6)])


def _map(homography, spline, points=POINTS):
    x, y = warp_formulas.map_points(
        warp_formulas.spline_basis(points), homography[None], spline[None]
    )
    return np.stack([x[0], y[0]], axis=-1)


def _draw(number=200, **ranges):
    rng = np.random.default_rng(0)
    law = FreeWarps(**ranges)
    return [law.draw(rng) for _ in range(number)]


def test_warps_can_be_used_by_themselves():
    law = FreeWarps(view_size=320)
    homography, spline = law.draw(np.random.default_rng(0))
    half_extent, centre = law.units(256)
    points = warp_formulas.pixel_points(256, half_extent, centre)
    # The first pixel of the centre is the 33rd of the view.
    np.testing.assert_allclose(points[0], 2 * 32 / 319 - 1)
    assert _map(homography, spline, points).shape == (256 * 256, 2)


def test_transformations_are_equally_frequent():
    draws = _draw(600)
    curved = np.mean([np.abs(s[:9]).max() > 1e-6 for _, s in draws])
    affine = np.mean([np.allclose(h[2], (0, 0, 1)) for h, _ in draws])
    identity = np.mean([np.allclose(h, np.eye(3)) for h, _ in draws])
    np.testing.assert_allclose(
        [curved, affine, identity], [2 / 3, 2 / 3, 1 / 3], atol=0.07
    )


def test_shifts_reach_their_limits():
    corners = warp_formulas.CORNERS
    shift = np.stack(
        [
            _map(*draw, corners) - corners
            for draw in _draw(transformations=("homography",))
        ]
    )
    assert 0.48 < np.abs(shift).max() <= 0.5 + 1e-6
    controls = warp_formulas.CONTROL_POINTS
    shift = np.stack(
        [
            _map(*draw, controls) - controls
            for draw in _draw(transformations=("tps",), tps_shift=0.3)
        ]
    )
    assert 0.29 < np.abs(shift).max() <= 0.3 + 1e-6


def test_affine_warps_follow_their_splines():
    homography, spline = _draw(1, transformations=("affine_tps",))[0]
    bent = _map(np.eye(3), spline)
    expected = bent @ homography[:2, :2].T + homography[:2, 2]
    np.testing.assert_allclose(_map(homography, spline), expected, atol=1e-6)
    assert 0.01 < np.abs(bent - POINTS).max() < 0.4


@pytest.mark.parametrize("kind", free_warps.TRANSFORMATIONS)
def test_flipped_warps_are_the_others_seen_in_a_mirror(kind):
    plain, flipped = (
        _draw(1, transformations=(kind,), flip_probability=probability)[0]
        for probability in (0.0, 1.0)
    )
    np.testing.assert_allclose(
        _map(*flipped), _map(*plain, POINTS * (-1, 1)), atol=1e-6
    )


def test_the_canvas_is_the_stretched_photograph():
    law = FreeWarps(view_size=60)
    photograph = np.random.default_rng(0).integers(0, 255, (90, 150, 3))
    cut = law.cut(photograph.astype("uint8"), {}, 32)
    assert cut["canvas"].shape == (60, 60, 3)
    np.testing.assert_array_equal(cut["query"], cut["canvas"][14:46, 14:46])
    assert cut["window"].tolist() == [[0, 0], [59, 59]]


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"transformations": ("spiral",)}, "`transformations` must be names"),
        ({"transformations": ()}, "`transformations` must be names"),
        ({"view_size": 1}, "`view_size` must be > 1"),
        ({"scale": 1.0}, "`scale` must be in"),
        ({"homography_shift": 1.5}, "`homography_shift` must be in"),
        ({"flip_probability": 2.0}, "`flip_probability` must be in"),
    ],
)
def test_impossible_ranges_are_errors(ranges, message):
    with pytest.raises(ValueError, match=message):
        FreeWarps(**ranges)


def test_images_larger_than_the_view_are_refused():
    with pytest.raises(ValueError, match="`size` must be <= `view_size`"):
        FreeWarps(view_size=100).units(101)
