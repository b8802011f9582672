import numpy as np
import pytest

from gocor_tf.data import warp_formulas as formulas

RNG = np.random.default_rng(0)
IDENTITY = formulas.solve_splines(formulas.CONTROL_POINTS[None])


def _map(points, homography=None, spline=IDENTITY):
    if homography is None:
        homography = np.eye(3)[None]
    basis = formulas.spline_basis(points)
    return np.stack(formulas.map_points(basis, homography, spline), axis=-1)


def test_view_points_are_pixel_centres():
    points = formulas.view_points(4)
    assert points[0].tolist() == [-0.75, -0.75]
    assert points[1].tolist() == [-0.25, -0.75]
    assert points[-1].tolist() == [0.75, 0.75]


def test_homographies_take_corners_to_their_targets():
    targets = formulas.CORNERS + RNG.uniform(-0.4, 0.4, (5, 4, 2))
    homographies = formulas.solve_homographies(targets)
    mapped = _map(formulas.CORNERS, homographies, np.repeat(IDENTITY, 5, 0))
    np.testing.assert_allclose(mapped, targets, atol=1e-6)


def test_splines_take_control_points_to_their_targets():
    targets = formulas.CONTROL_POINTS + RNG.uniform(-0.3, 0.3, (5, 9, 2))
    mapped = _map(
        formulas.CONTROL_POINTS,
        np.repeat(np.eye(3)[None], 5, 0),
        formulas.solve_splines(targets),
    )
    np.testing.assert_allclose(mapped, targets, atol=1e-6)


def test_pixel_points_invert_the_units_of_a_law():
    points = formulas.pixel_points(3, half_extent=2.0, centre=0.5)
    np.testing.assert_allclose(points[1] * 2.0 + 0.5, [1, 0])
    np.testing.assert_allclose(points[-1] * 2.0 + 0.5, [2, 2])


def test_points_at_infinity_are_mapped_to_finite_ones():
    homography = np.array([[(1.0, 0, 0), (0, 1, 0), (1, 0, 0)]])
    assert np.isfinite(_map(np.array([[0.0, 1.0]]), homography)).all()


def test_affine_matrices_stretch_along_the_sheared_axes():
    angle, shear_angle = np.array([0.3]), np.array([-0.2])
    matrix = formulas.affine_matrices(
        angle, shear_angle, np.array([[2.0, 0.5]]), np.array([[3.0, 4.0]])
    )[0]
    axes = formulas.rotation(-shear_angle)[0]
    expected = formulas.rotation(angle)[0] @ axes @ np.diag([2, 0.5])
    np.testing.assert_allclose(matrix[:2, :2] @ axes, expected)
    assert matrix[:2, 2].tolist() == [3, 4] and matrix[2].tolist() == [0, 0, 1]


def test_local_areas_of_a_stretch_and_of_a_fold():
    x, y = formulas.view_points(6).T
    mean, smallest = formulas.local_areas(np.stack([2 * x, x**2]), y[None], 6)
    np.testing.assert_allclose([mean[0], smallest[0]], 2)
    assert mean[1] == pytest.approx(0) and smallest[1] < -1


def test_rotation_turns_x_towards_y_and_zoom_widens():
    matrix = formulas.similarity(
        np.array([np.pi / 2]), np.array([2.0]), np.ones((1, 2))
    )
    mapped = _map(np.array([[1.0, 0.0]]), matrix)
    np.testing.assert_allclose(mapped[0], [[0, 2]], atol=1e-12)


def test_rotation_of_a_squeezed_view_keeps_lengths_unsqueezed():
    stretch = np.array([[2.0, 1.0]])
    matrix = formulas.similarity(np.array([0.7]), np.array([1.0]), stretch)
    point = np.array([[0.3, -0.4]])
    mapped = _map(point, matrix)[0]
    assert np.linalg.norm(mapped * stretch) == pytest.approx(
        np.linalg.norm(point * stretch)
    )
