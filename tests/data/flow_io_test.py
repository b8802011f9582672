import os
import struct

import cv2
import numpy as np
import pytest

from gocor_tf.data import flow_io

FLOW = np.random.default_rng(0).normal(0, 50, (5, 7, 2)).astype("float32")


def test_flo_round_trip_is_exact(tmp_path):
    path = tmp_path / "a.flo"
    flow_io.write_flo(path, FLOW)
    np.testing.assert_array_equal(flow_io.read_flo(path), FLOW)
    assert os.listdir(tmp_path) == ["a.flo"]


def test_flo_bytes_are_those_of_the_format(tmp_path):
    flow_io.write_flo(tmp_path / "a.flo", [[[1.0, 2.0], [3.0, 4.0]]])
    data = (tmp_path / "a.flo").read_bytes()
    assert data == b"PIEH" + struct.pack("<2i4f", 2, 1, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-1], "do not fit 5 x 7 vectors"),
        (lambda data: data + b"0", "do not fit 5 x 7 vectors"),
        (lambda data: data[:10], "it is not a .flo file"),
        (lambda data: b"", "it is not a .flo file"),
        (lambda data: b"JUNK" + data[4:], "it is not a .flo file"),
        (lambda data: data[:4] + b"\xff" * 8 + data[12:], "do not fit"),
    ],
)
def test_damaged_flo_is_an_error(tmp_path, change, message):
    path = tmp_path / "a.flo"
    flow_io.write_flo(path, FLOW)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=message):
        flow_io.read_flo(path)


def test_missing_files_are_errors(tmp_path):
    for read in (flow_io.read_flo, flow_io.read_kitti_flow):
        with pytest.raises(ValueError, match="No such file"):
            read(tmp_path / "none")


def test_kitti_round_trip_keeps_a_64th_of_a_pixel(tmp_path):
    path = tmp_path / "a.png"
    valid = np.ones((5, 7), bool)
    valid[2, 3] = False
    flow_io.write_kitti_flow(path, FLOW, valid)
    flow, known = flow_io.read_kitti_flow(path)
    np.testing.assert_array_equal(known, valid)
    np.testing.assert_allclose(flow[known], FLOW[known], atol=1 / 128)
    np.testing.assert_array_equal(flow[2, 3], [0, 0])


def test_kitti_channels_are_x_y_valid(tmp_path):
    path = tmp_path / "a.png"
    flow_io.write_kitti_flow(path, [[[1.0, -2.0]]])
    blue, green, red = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[0, 0]
    assert (red, green, blue) == (32768 + 64, 32768 - 128, 1)


def test_kitti_stores_impossible_vectors_as_unknown(tmp_path):
    path = tmp_path / "a.png"
    flow_io.write_kitti_flow(path, [[[600.0, 0], [np.nan, 0], [1, 1]]])
    assert flow_io.read_kitti_flow(path)[1].tolist() == [[False, False, True]]


def test_damaged_kitti_is_an_error(tmp_path):
    path = tmp_path / "a.png"
    flow_io.write_kitti_flow(path, FLOW)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match="cut short, damaged or not a PNG"):
        flow_io.read_kitti_flow(path)
    cv2.imwrite(str(path), np.zeros((4, 4, 3), "uint8"))
    with pytest.raises(ValueError, match="not a 16-bit RGB PNG"):
        flow_io.read_kitti_flow(path)


def test_shapes_are_checked(tmp_path):
    for write in (flow_io.write_flo, flow_io.write_kitti_flow):
        with pytest.raises(ValueError, match="`flow` must have shape"):
            write(tmp_path / "a", FLOW[..., :1])
    with pytest.raises(ValueError, match="`valid` must have shape"):
        flow_io.write_kitti_flow(tmp_path / "a", FLOW, np.ones((7, 5)))
    assert not os.listdir(tmp_path)
