import numpy as np
import pytest

from gocor_tf import views
from gocor_tf.views import View

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 255, (40, 60, 3), np.uint8)


def _shift(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def test_scaling_maps_corners_to_corners():
    scaling = views.scaling((40, 60), (20, 120))
    corners = np.array([[-0.5, -0.5], [59.5, 39.5]])
    np.testing.assert_allclose(
        views.map_points(scaling, corners), [[-0.5, -0.5], [119.5, 19.5]]
    )


def test_warp_image_moves_pixels():
    moved = views.warp_image(IMAGE, _shift(3, 2), (40, 60))
    np.testing.assert_array_equal(moved[2:, 3:], IMAGE[:-2, :-3])
    assert not moved[:2].any() and not moved[:, :3].any()


def test_identity_returns_the_image():
    assert views.warp_image(IMAGE, np.eye(3), (40, 60)) is IMAGE


def test_shrinking_averages():
    noise = RNG.integers(0, 255, (256, 256, 3), np.uint8)
    shrunk = views.warp_image(noise, views.scaling((256, 256), (8, 8)), (8, 8))
    means = noise.reshape(8, 32, 8, 32, 3).mean((1, 3))
    assert np.abs(shrunk.astype(float) - means).max() < 2


def test_points_on_the_horizon_land_far_away():
    homography = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0.0]])
    mapped = views.map_points(homography, np.array([0.0, 1.0]))
    assert np.isfinite(mapped).all() and np.abs(mapped).max() > 1e6


def test_bring_back_undoes_both_homographies():
    # Both images move within the frame; there, the match is 1 px to the left.
    view = View(_shift(5, 0), _shift(-2, 3), (40, 60))
    flow = np.full((40, 60, 2), (-1.0, 0.0), np.float32)
    trust = np.full((40, 60, 3), (0.7, 1, 2), np.float32)
    back, back_trust, known = view.bring_back(flow, trust, (40, 60), (50, 70))
    np.testing.assert_allclose(back[known], np.tile((6, -3), (known.sum(), 1)))
    assert back_trust.shape == (40, 60, 3)
    np.testing.assert_allclose(back_trust[known][:, 0], 0.7, rtol=1e-6)
    # Rows above 3 match nothing in the query; columns past 54 left the frame.
    assert known[3:, :55].all()
    assert not known[:3].any() and not known[:, 55:].any()


@pytest.mark.parametrize(
    ("homography", "frame"),
    [
        # The query is the middle of the reference, twice as large: its own
        # grid is filled as well, and finer.
        (_shift(-10, -10), (30, 50)),
        (_shift(15, 0), (40, 45)),
    ],
)
def test_overlap_view_holds_what_is_shared(homography, frame):
    view = views.overlap_view(homography, (40, 60), (40, 60))
    assert view.size == frame
    reference, query = view.show(
        IMAGE, views.warp_image(IMAGE, homography, (40, 60))
    )
    np.testing.assert_array_equal(reference, query)
    assert reference.any(-1).mean() > 0.99


def test_overlap_view_takes_the_grid_that_it_fills():
    # Turned by 45 degrees and magnified, the query lies within the reference.
    turn = np.array([[2, -2, 30], [2, 2, -90], [0, 0, 1.0]])
    view = views.overlap_view(turn, (60, 60), (40, 40))
    np.testing.assert_array_equal(view.query_to_frame, np.eye(3))
    assert view.size == (40, 40)


def test_images_that_share_nothing_have_no_view():
    assert views.overlap_view(_shift(500, 0), (40, 60), (40, 60)) is None
    assert views.overlap_view(_shift(55, 0), (40, 60), (40, 60)) is None


def test_a_box_restricts_the_view():
    box = slice(10, 30), slice(20, 60)
    view = views.overlap_view(_shift(-5, 0), (40, 60), (40, 60), box)
    assert view.size == (20, 40)
    np.testing.assert_array_equal(view.reference_to_frame, _shift(-20, -10))


def test_pixels_are_measured_in_the_query():
    view = View(np.eye(3), np.diag([0.5, 0.5, 1.0]), (20, 30))
    assert np.isclose(view.pixel_in_query(), 2)


def test_share_of_reference_compares_sides():
    view = View(np.diag([2, 2, 1.0]), np.eye(3), (40, 60))
    assert np.isclose(view.share_of_reference((40, 60)), 0.5)
