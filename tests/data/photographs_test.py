import struct

import cv2
import numpy as np
import pytest

from gocor_tf.data import photographs

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def _image(height=40, width=60):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (height, width, 3), dtype="uint8")
    return cv2.GaussianBlur(image, (0, 0), 3)


def _write(path, image):
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


def test_channels_are_red_green_blue(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(photographs.encode_png(np.uint8([[RED, GREEN, BLUE]])))
    read = photographs.read_image(path)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, [[RED, GREEN, BLUE]])
    np.testing.assert_array_equal(cv2.imread(str(path))[0, 0], RED[::-1])


def test_grey_is_repeated_and_transparency_dropped(tmp_path):
    grey = photographs.read_image(_write(tmp_path / "a.png", _image()[..., 0]))
    np.testing.assert_array_equal(grey, np.repeat(_image()[..., :1], 3, -1))
    clear = np.dstack([_image(), np.full((40, 60), 7, "uint8")])
    read = photographs.read_image(_write(tmp_path / "b.png", clear))
    np.testing.assert_array_equal(read, _image()[..., ::-1])


def test_16_bit_is_reduced_to_8(tmp_path):
    deep = _image().astype("uint16") * 257
    read = photographs.read_image(_write(tmp_path / "a.png", deep))
    np.testing.assert_allclose(read, _image()[..., ::-1], atol=1)


def test_exif_orientation_turns_the_image(tmp_path):
    image = np.zeros((16, 32, 3), "uint8")
    image[:, :16] = 255
    data = cv2.imencode(".jpg", image)[1].tobytes()
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)
    tiff = b"MM\x00*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
    exif = b"Exif\x00\x00" + tiff
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    (tmp_path / "a.jpg").write_bytes(data[:2] + segment + data[2:])
    read = photographs.read_image(tmp_path / "a.jpg")
    assert read.shape == (32, 16, 3)
    assert read[:12].min() > 200 and read[20:].max() < 50


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp"])
def test_truncated_files_are_errors(tmp_path, suffix):
    path = _write(tmp_path / f"a{suffix}", _image())
    assert photographs.read_image(path).shape == (40, 60, 3)
    data = path.read_bytes()
    for length in (len(data) - 1, len(data) // 2, 30):
        path.write_bytes(data[:length])
        with pytest.raises(ValueError, match=f"Cannot read image '{path}'"):
            photographs.read_image(path)


def test_end_mark_of_a_thumbnail_is_not_the_end(tmp_path):
    data = cv2.imencode(".jpg", _image())[1].tobytes()
    thumbnail = b"\xff\xe1" + struct.pack(">H", 6) + b"\xff\xd9\xff\xd9"
    path = tmp_path / "a.jpg"
    path.write_bytes((data[:2] + thumbnail + data[2:])[:-2])
    with pytest.raises(ValueError, match="cut short or damaged"):
        photographs.read_image(path)


def test_damaged_png_is_an_error(tmp_path):
    path = _write(tmp_path / "a.png", _image())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    with pytest.raises(ValueError, match="cut short or damaged"):
        photographs.read_image(path)


def test_no_image_at_all_is_an_error(tmp_path):
    path = tmp_path / "a.jpg"
    with pytest.raises(ValueError, match="No such file"):
        photographs.read_image(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="it is empty"):
        photographs.read_image(path)
    path.write_bytes(b"hello, this is text")
    with pytest.raises(ValueError, match="not an image that OpenCV knows"):
        photographs.read_image(path)
    with pytest.raises(ValueError, match="Cannot read"):
        photographs.read_image(tmp_path)


@pytest.mark.parametrize("size", [(1, 1), (10000, 10)])
def test_odd_sizes_are_read(tmp_path, size):
    path = _write(tmp_path / "a.png", np.zeros((*size, 3), "uint8"))
    assert photographs.read_image(path).shape == (*size, 3)


def test_arrays_are_accepted_as_they_are_meant():
    image = _image()
    assert photographs.check_image(image) is image
    floats = photographs.check_image(image.astype("float64"))
    assert floats.dtype == np.float32


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4)), "`query` must be an RGB image"),
        (np.zeros((1, 4, 4, 3)), "`query` must be an RGB image"),
        (np.zeros((4, 4, 4)), "`query` must be an RGB image"),
        (np.zeros((0, 4, 3)), "`query` must be an RGB image"),
        (np.zeros((4, 4, 3), bool), "`query` must hold numbers"),
        (np.zeros((4, 4, 3), complex), "`query` must hold numbers"),
        (np.full((4, 4, 3), np.nan), "`query` must hold finite values"),
        (np.full((4, 4, 3), np.inf), "`query` must hold finite values"),
        (np.full((4, 4, 3), -1), "`query` must hold finite values"),
        (np.full((4, 4, 3), 256), "`query` must hold finite values"),
    ],
)
def test_other_arrays_are_errors(image, message):
    with pytest.raises(ValueError, match=message):
        photographs.check_image(image, "query")


def test_listing_skips_and_reports_broken_files(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    for name in ("b.png", "sub/a.JPG"):
        path = tmp_path / name
        path.write_bytes(cv2.imencode(path.suffix, _image())[1].tobytes())
    (tmp_path / "broken.jpg").write_bytes(b"")
    (tmp_path / "readme.txt").write_text("no image")
    lines = []
    monkeypatch.setattr(
        photographs.logging, "warning", lambda *args: lines.append(args)
    )
    paths = photographs.list_photographs(tmp_path)
    assert paths == [str(tmp_path / "b.png"), str(tmp_path / "sub/a.JPG")]
    assert lines[0][1:3] == (1, 3) and "it is empty" in lines[0][-1]


def test_a_folder_without_usable_image_names_three_reasons(tmp_path):
    with pytest.raises(ValueError, match="no file ending in .bmp"):
        photographs.list_photographs(tmp_path)
    for number in range(4):
        (tmp_path / f"{number}.jpg").write_bytes(b"")
    _write(tmp_path / "1.jpg", _image(8, 8))
    with pytest.raises(ValueError, match="at least one usable") as caught:
        photographs.list_photographs(tmp_path)
    message = str(caught.value)
    assert "0.jpg" in message and "2.jpg" in message
    assert "8 x 8 pixels, too small" in message
    assert "3.jpg" not in message and "\n" not in message
    with pytest.raises(ValueError, match="must be a folder"):
        photographs.list_photographs(tmp_path / "none")


def test_split_holds_out_every_nth():
    split = photographs.split_photographs
    training, held_out = split(range(45), every=20)
    assert held_out == [19, 39] and len(training) == 43
    assert split(["a", "b", "c"]) == (["a", "b"], ["c"])
    assert split(["a"]) == (["a"], ["a"])
    with pytest.raises(ValueError, match="`every` must be > 1"):
        split(["a"], every=1)
