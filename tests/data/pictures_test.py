import numpy as np
import pytest

from gocor_tf.data import photographs, pictures

IMAGE = np.random.default_rng(0).integers(0, 255, (5, 7, 3), np.uint8)


def test_a_picture_comes_back_as_it_was_written(tmp_path):
    pictures.write_png(tmp_path / "a.png", IMAGE)
    np.testing.assert_array_equal(pictures.to_image(tmp_path / "a.png"), IMAGE)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_grey_pictures_are_written_as_they_are(tmp_path):
    pictures.write_png(tmp_path / "a.png", IMAGE[..., 0])
    image = photographs.read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(image, np.repeat(IMAGE[..., :1], 3, -1))


def test_float_arrays_are_rounded():
    image = pictures.to_image(np.full((2, 2, 3), 7.6))
    np.testing.assert_array_equal(image, np.full((2, 2, 3), 8, np.uint8))
    assert image.dtype == np.uint8


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.full((2, 2, 3), np.nan), "`query` must hold finite values"),
        (np.zeros((2, 2), np.uint8), "`query` must be an RGB image"),
        ("missing.png", "Cannot read image 'missing.png'"),
    ],
)
def test_what_is_no_image_is_an_error(image, message):
    with pytest.raises(ValueError, match=message):
        pictures.to_image(image, "query")
