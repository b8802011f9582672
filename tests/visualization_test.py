import numpy as np
import pytest

from gocor_tf import visualization

GREY = np.full((6, 9, 3), 128, np.uint8)


@pytest.mark.parametrize(
    ("vector", "color"),
    [
        ((0, 0), (255, 255, 255)),
        ((1, 0), (255, 0, 0)),
        ((0.5, 0), (255, 128, 128)),
        ((2, 0), (191, 0, 0)),
        ((np.nan, 0), (0, 0, 0)),
        ((1e10, 0), (0, 0, 0)),
    ],
)
def test_flow_colors(vector, color):
    picture = visualization.flow_to_color([[vector]], max_motion=1)
    np.testing.assert_array_equal(picture, [[color]])


def test_flow_down_is_yellow_and_left_is_cyan():
    down, left = visualization.flow_to_color([[(0, 1), (-1, 0)]], 1)[0]
    assert down[0] == 255 and down[1] > 200 and down[2] == 0
    assert left[0] == 0 and left[1] > 200 and left[2] == 255


def test_scale_defaults_to_the_longest_vectors():
    flow = np.zeros((1, 200, 2))
    flow[..., 0] = 3
    np.testing.assert_array_equal(
        visualization.flow_to_color(flow), np.full((1, 200, 3), (255, 0, 0))
    )


def test_a_flow_without_a_known_vector_is_black():
    assert not visualization.flow_to_color(np.full((2, 2, 2), np.nan)).any()


def test_confidence_grows_brighter():
    picture = visualization.confidence_to_color([[0, 0.5, 1]])
    assert picture.shape == (1, 3, 3)
    assert np.all(np.diff(picture.astype(int).sum(-1)) > 0)


def test_overlay_of_aligned_images_is_grey():
    image = np.random.default_rng(0).integers(0, 255, (6, 9, 3), np.uint8)
    picture = visualization.overlay(image, image, np.ones((6, 9)))
    np.testing.assert_array_equal(picture[..., 0], picture[..., 1])
    np.testing.assert_array_equal(picture[..., 0], picture[..., 2])


def test_overlay_ignores_a_change_of_exposure():
    image = np.random.default_rng(0).integers(0, 120, (6, 9, 3), np.uint8)
    picture = visualization.overlay(image, 2 * image + 10, np.ones((6, 9)))
    difference = picture[..., 0].astype(int) - picture[..., 1]
    assert np.abs(difference).max() <= 2


def test_overlay_without_confidence_is_the_dark_reference():
    picture = visualization.overlay(GREY, 255 - GREY, np.zeros((6, 9)))
    np.testing.assert_array_equal(picture, np.full_like(GREY, 45))


def test_matches_join_their_points():
    picture = visualization.draw_matches(
        np.zeros((40, 30, 3), np.uint8),
        np.zeros((20, 50, 3), np.uint8),
        np.array([[10.0, 5.0]]),
        np.array([[40.0, 15.0]]),
    )
    assert picture.shape == (40, 30 + 8 + 50, 3)
    assert picture[5, 10].any() and picture[15, 38 + 40].any()
    assert picture[10, 44].any()
    assert (picture[20:, 38:] == 255).all()


def test_no_matches_leave_the_images_alone():
    none = np.zeros((0, 2))
    picture = visualization.draw_matches(GREY, GREY, none, none)
    np.testing.assert_array_equal(picture[:, :9], GREY)


def test_page_fits_pictures_of_any_shape():
    page = visualization.page(
        [{"one": GREY}, {"tall": GREY[:, :1], "wide": GREY[:1]}], width=200
    )
    assert page.shape[1] == 200 and page.dtype == np.uint8
