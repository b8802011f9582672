import struct

import numpy as np
import pytest

from gocor_tf.data import pfm_io

# Two rows of one pixel; the file begins with the lower one.
LOWER, UPPER = (1.0, 2.0, 0.0), (-3.5, 4.0, 0.0)
COLOUR = b"PF\n1 2\n-1.0\n" + struct.pack("<6f", *LOWER, *UPPER)


def _read(tmp_path, data):
    (tmp_path / "a.pfm").write_bytes(data)
    return pfm_io.read_pfm(tmp_path / "a.pfm")


def test_rows_are_stored_from_bottom_to_top(tmp_path):
    values = _read(tmp_path, COLOUR)
    np.testing.assert_array_equal(values, [[UPPER], [LOWER]])
    assert values.dtype == np.float32


def test_a_positive_scale_is_big_endian(tmp_path):
    data = b"PF 1 2 2.5e0 " + struct.pack(">6f", *LOWER, *UPPER)
    np.testing.assert_array_equal(_read(tmp_path, data), [[UPPER], [LOWER]])


def test_one_channel_has_no_axis(tmp_path):
    data = b"Pf\n3 2\n-1\n" + np.arange(6, dtype="<f4").tobytes()
    np.testing.assert_array_equal(_read(tmp_path, data), [[3, 4, 5], [0, 1, 2]])


def test_numbers_that_look_like_spaces_are_data(tmp_path):
    # 0x20202020, four spaces, right after the header.
    data = b"Pf\n1 1\n-1\n" + b"    "
    assert _read(tmp_path, data).tobytes() == b"    "


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-1], "s 23 bytes of data do not fit 1 x 2 pix"),
        (lambda data: data + b"0", "s 25 bytes of data do not fit 1 x 2 pix"),
        (lambda data: data.replace(b"1 2", b"0 2"), "do not fit 0 x 2 pixels"),
        (lambda data: data[:8], "is not a .pfm file"),
        (lambda data: b"", "is not a .pfm file"),
        (lambda data: b"\x89PNG" + data, r"is not a .pfm file.* b'\\x89PNGPF"),
        (lambda data: data.replace(b"-1.0", b"-0.0"), "is not a .pfm file"),
        (lambda data: data.replace(b"-1.0", b"-1.E"), "is not a .pfm file"),
    ],
)
def test_a_damaged_file_is_an_error(tmp_path, change, message):
    with pytest.raises(ValueError, match=rf"a\.pfm': it.*{message}"):
        _read(tmp_path, change(COLOUR))


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"b\.pfm': No such file"):
        pfm_io.read_pfm(tmp_path / "b.pfm")
