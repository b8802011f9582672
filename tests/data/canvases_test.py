import numpy as np
import pytest

from gocor_tf.data import canvases

IMAGE = np.random.default_rng(0).integers(0, 255, (60, 80, 3), "uint8")
RAMP = np.stack(
    [*np.meshgrid(np.arange(80), np.arange(60)), np.zeros((60, 80))], axis=-1
).astype("uint8")
UNITS = (7.5, 7.5)


def test_views_of_whole_pixels_are_untouched():
    view = np.array([(7.5, 0, 20 + 7.5), (0, 7.5, 10 + 7.5)])
    cut = canvases.cut_view(IMAGE, view, 16, UNITS)
    np.testing.assert_array_equal(cut, IMAGE[10:26, 20:36])


def test_views_beyond_the_image_are_black_there():
    view = np.array([(7.5, 0, 7.5 - 4), (0, 7.5, 50 + 7.5)])
    cut = canvases.cut_view(IMAGE, view, 16, UNITS)
    np.testing.assert_array_equal(cut[:10, 4:], IMAGE[50:, :12])
    assert not cut[10:].any() and not cut[:, :4].any()


def test_views_between_pixels_are_interpolated():
    view = np.array([(15.0, 0, 32.25), (0, 7.5, 30)])
    cut = canvases.cut_view(RAMP, view, 16, UNITS)
    expected = 32.25 + 2 * (np.arange(16) - 7.5)
    np.testing.assert_allclose(cut[5, :, 0], expected, atol=0.51)


@pytest.mark.parametrize("zoom", [0.3, 1.0, 1.9])
def test_upright_views_are_what_they_say(zoom):
    view = np.array([(7.5 * zoom, 0, 31.8), (0, 9.5 * zoom, 30.3)])
    cut, rounded = canvases.cut_upright_view(RAMP, view, 16, UNITS)
    corners = np.array([(-1, 1, -1, 1), (-1, -1, 1, 1), (1, 1, 1, 1)])
    np.testing.assert_allclose(rounded @ corners, view @ corners, atol=2)
    again = canvases.cut_view(RAMP, rounded, 16, UNITS)
    np.testing.assert_allclose(cut.astype(int), again, atol=1)


def test_upright_views_beyond_the_photograph_are_black_there():
    view = np.array([(7.5, 0, 7.5 - 4), (0, 7.5, 50 + 7.5)])
    cut, same = canvases.cut_upright_view(IMAGE, view, 16, UNITS)
    np.testing.assert_array_equal(same, view)
    np.testing.assert_array_equal(
        cut, canvases.cut_view(IMAGE, view, 16, UNITS)
    )


def test_pieces_keep_their_pixels_where_there_is_room():
    positions = np.array([(20.0, 10.0), (30.0, 25.0)])
    square, window, matrix = canvases.cut_piece(
        IMAGE, positions, ((0, 0), (79, 59)), 40
    )
    assert square.shape == (40, 40, 3)
    left, top = (-matrix[:2, 2]).astype(int)
    width, height = window[1] + 1
    assert (left, top) == (17, 7) and (width, height) == (17, 22)
    np.testing.assert_array_equal(
        square[:height, :width],
        IMAGE[top : top + height, left : left + width],
    )
    assert not square[height:].any() and not square[:, width:].any()


def test_pieces_are_shrunk_where_there_is_none():
    positions = np.array([(-1e9, 10.0), (1e9, 25.0)])
    square, window, matrix = canvases.cut_piece(
        RAMP, positions, ((10, 0), (69, 59)), 30
    )
    assert window.tolist() == [[0, 0], [29, 21]]
    point = np.array([40.0, 20.0, 1.0])
    x, y = matrix @ point
    color = square[round(y), round(x), :2].astype(float)
    np.testing.assert_allclose(color, point[:2], atol=2)


def test_pieces_outside_are_one_pixel():
    positions = np.array([(200.0, 10.0), (300.0, 25.0)])
    _, window, _ = canvases.cut_piece(IMAGE, positions, ((0, 0), (79, 59)), 30)
    assert window[1, 0] == 0


def test_photographs_are_stretched_to_squares():
    assert canvases.stretch(IMAGE, 20).shape == (20, 20, 3)
    large = canvases.stretch(np.full((4, 6, 3), 9, "uint8"), 20)
    assert large.shape == (20, 20, 3) and large.min() == large.max() == 9


def test_weak_blur_is_left_out():
    assert canvases.blur(IMAGE, 0.3) is IMAGE
    assert canvases.blur(IMAGE, 2.0).std() < 0.5 * IMAGE.std()
