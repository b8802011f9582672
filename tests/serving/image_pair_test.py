import cv2
import numpy as np
import pytest

from gocor_tf.serving.image_pair import ImagePair
from tests.serving import exports

PIXELS = exports.images(6, 9)


def encoded(extension, *parameters):
    return cv2.imencode(extension, PIXELS[..., ::-1], parameters)[1].tobytes()


def turned(jpeg):
    """Adds an EXIF orientation: to be turned by 90 degrees."""
    tiff = bytes.fromhex("49492a0008000000 0100 1201 0300 01000000 06000000")
    exif = b"Exif\0\0" + tiff + bytes(4)
    length = (len(exif) + 2).to_bytes(2, "big")
    return jpeg[:2] + b"\xff\xe1" + length + exif + jpeg[2:]


@pytest.mark.parametrize("extension", [".png", ".jpg"])
def test_files_travel_as_they_are(tmp_path, extension):
    file = encoded(extension)
    path = tmp_path / f"image{extension}"
    path.write_bytes(file)
    pair = ImagePair(str(path), file)
    assert pair.signature == "serving_bytes"
    assert list(pair.inputs["reference"]) == list(pair.inputs["query"])
    assert pair.inputs["query"].tolist() == [file]
    assert pair.reference.shape == pair.query.shape == (6, 9, 3)


@pytest.mark.parametrize(
    "other", [PIXELS, encoded(".webp"), turned(encoded(".jpg"))]
)
def test_what_a_server_reads_otherwise_travels_as_pixels(other):
    pair = ImagePair(encoded(".png"), other)
    assert pair.signature == "serving_uint8"
    np.testing.assert_array_equal(pair.inputs["reference"][0], PIXELS)
    np.testing.assert_array_equal(pair.inputs["query"][0], pair.query)


def test_photographs_are_upright():
    pair = ImagePair(PIXELS, turned(encoded(".jpg")))
    assert pair.query.shape == (9, 6, 3)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (b"", "Cannot read `query`: it is empty"),
        (b"text", "Cannot read `query`: it is not an image"),
        (encoded(".jpg")[:-9], "Cannot read `query`: it is cut short"),
        ("missing.png", "Cannot read image 'missing.png'"),
        (PIXELS[0], "`query` must be an RGB image"),
    ],
)
def test_unusable_images(query, message):
    with pytest.raises(ValueError, match=message):
        ImagePair(PIXELS, query)
