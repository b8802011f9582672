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


# Published rows at 520 pixels, whose view spans the outer pixel centres.
GRID = np.array([(0, 0), (260, 260), (100, 519)])


def _published_flow(homography=None, spline=IDENTITY):
    mapped = _map(GRID / 519 * 2 - 1, homography, spline)[0]
    return (mapped + 1) * 519 / 2 - GRID


def test_affine_flow_has_the_published_values():
    matrix = np.eye(3)
    matrix[:2] = (
        (0.9635651708, -0.038969975, 0.1752373129),
        (-0.0315077379, 1.0668520927, -0.1509400308),
    )
    expected = [(65.042, -48.341), (45.436, -39.151), (41.173, -16.795)]
    np.testing.assert_allclose(
        _published_flow(matrix[None]), expected, atol=2e-3
    )


def test_spline_flow_has_the_published_values():
    x = "-.9535375599 -1.1283600352 -.8672909662 -.2210120541 .2384350777"
    x += " .0855817476 .992417693 .9978632931 1.0040035981"
    y = "-1.2638840328 .0356760288 1.0577169733 -.8544065083 .0972623206"
    y += " 1.0972755348 -.7880416927 .2384690507 .67737756"
    x, y = (np.array(row.split(), float) for row in (x, y))
    spline = formulas.solve_splines(np.stack([x, y], axis=-1)[None])
    expected = [(12.057, -68.478), (61.991, 25.286), (32.397, 26.936)]
    np.testing.assert_allclose(
        _published_flow(spline=spline), expected, atol=2e-3
    )


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
