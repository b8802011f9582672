import numpy as np

from gocor_tf import homography, views

RNG = np.random.default_rng(0)
TRUE = np.array([[1.1, 0.2, 5], [-0.1, 0.9, 8], [1e-4, 2e-4, 1]])
POINTS = RNG.uniform(0, 300, (400, 2))


def test_outliers_do_not_count():
    matches = views.map_points(TRUE, POINTS)
    matches[::4] = RNG.uniform(0, 300, (100, 2))
    fitted, inliers = homography.fit(POINTS, matches, 1.0, 200)
    corners = np.array([[0, 0], [300, 0], [0, 300], [300, 300]])
    np.testing.assert_allclose(
        views.map_points(fitted, corners),
        views.map_points(TRUE, corners),
        atol=0.01,
    )
    assert inliers.shape == (400,)
    assert inliers[1::4].all() and inliers[::4].mean() < 0.1


def test_as_many_matches_as_the_minimum_are_too_few():
    matches = views.map_points(TRUE, POINTS)
    assert homography.fit(POINTS, matches, 1.0, 400) == (None, None)
    assert homography.fit(POINTS, matches, 1.0, 399)[0] is not None
    assert homography.fit(POINTS[:4], matches[:4], 1.0, 0) == (None, None)


def test_mirrors_and_points_on_a_line_are_refused():
    mirrored = POINTS * (-1, 1)
    assert homography.fit(POINTS, mirrored, 1.0, 20) == (None, None)
    on_a_line = POINTS * (1, 0)
    assert homography.fit(POINTS, on_a_line, 1.0, 20) == (None, None)
