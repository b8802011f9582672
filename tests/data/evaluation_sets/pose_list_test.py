import cv2
import numpy as np
import pytest

from gocor_tf.data.evaluation_sets import pose_list

CAMERA_0 = np.array([[500.0, 0, 310], [0, 520, 250], [0, 0, 1]])
CAMERA_1 = np.array([[610.0, 0, 300], [0, 600, 200], [0, 0, 1]])
# A quarter turn about z, then a shift.
MOTION = np.array(
    [[0.0, -1, 0, 0.5], [1, 0, 0, -0.25], [0, 0, 1, 0.5], [0, 0, 0, 1]]
)


def _row(turns=(0, 0), cameras=(CAMERA_0, CAMERA_1), motion=MOTION):
    numbers = np.concatenate([*map(np.ravel, cameras), motion.ravel()])
    return ["0.png", "1.png", *map(str, [*turns, *numbers.tolist()])]


def _read(root, *rows):
    path = root / "pairs.txt"
    path.write_text("".join(" ".join(row) + "\n" for row in rows))
    return pose_list.read_pose_list(path)


def _write_dot(root, number, size, position):
    """Writes a black image with a white pixel at (x, y)."""
    image = np.zeros((*size, 3), "uint8")
    image[position[1], position[0]] = 255
    cv2.imwrite(str(root / f"{number}.png"), image)


def _find_dot(image):
    """Returns the position (x, y) of the brightest pixel."""
    return np.argwhere(image[..., 0] == image.max())[0][::-1]


def test_a_row_by_hand(tmp_path):
    # 0 is the source, the query; 1 the target, the reference (spec 5.12).
    (row,) = _read(tmp_path, _row(turns=(1, 3)))
    assert row.files == ("1.png", "0.png")
    assert row.turns == (3, 1)
    np.testing.assert_array_equal(row.cameras, [CAMERA_1, CAMERA_0])
    np.testing.assert_array_equal(row.motion, MOTION)
    assert row.place == f"row 1 of '{tmp_path / 'pairs.txt'}'"


@pytest.mark.parametrize("turn_1", range(4))
@pytest.mark.parametrize("turn_0", range(4))
def test_a_point_of_the_scene_stays_at_its_pixel(tmp_path, turn_0, turn_1):
    # At depth 2 before camera 0, on the pixel (410, 302) of its image:
    # x = (410 - 310) / 500 * 2 = 0.4, y = (302 - 250) / 520 * 2 = 0.2.
    # MOTION takes it to (-0.2 + 0.5, 0.4 - 0.25, 2.5) = (0.3, 0.15, 2.5), so
    # to the pixel (610 * 0.12 + 300, 600 * 0.06 + 200) = (373.2, 236).
    _write_dot(tmp_path, 0, (480, 640), (410, 302))
    _write_dot(tmp_path, 1, (480, 640), (373, 236))
    (row,) = _read(tmp_path, _row(turns=(turn_0, turn_1)))
    sample = pose_list.make_pose_sample("a", tmp_path, row, "s")
    reference_camera, query_camera, motion = sample["pose"]
    pixel = [*_find_dot(sample["query"]), 1]
    point = 2 * np.linalg.solve(query_camera, pixel)
    projected = reference_camera @ (motion @ [*point, 1])[:3]
    np.testing.assert_allclose(
        projected[:2] / projected[2],
        _find_dot(sample["reference"]),
        atol=0.2 + 1e-6,
    )
    assert projected[2] == pytest.approx(2.5)


def test_images_are_turned_counterclockwise(tmp_path):
    # np.rot90: the pixel (x, y) goes to (y, 639 - x).
    _write_dot(tmp_path, 0, (480, 640), (600, 5))
    _write_dot(tmp_path, 1, (480, 640), (600, 5))
    (row,) = _read(tmp_path, _row(turns=(1, 0)))
    sample = pose_list.make_pose_sample("a", tmp_path, row, "s")
    np.testing.assert_array_equal(_find_dot(sample["query"]), [5, 39])
    np.testing.assert_array_equal(_find_dot(sample["reference"]), [600, 5])
    # 480 x 640 and 640 x 480, padded.
    assert sample["query"].shape == sample["reference"].shape == (640, 640, 3)
    # fx and fy change places; cx = 250, cy = 639 - 310.
    np.testing.assert_allclose(
        sample["pose"][1], [[520, 0, 250], [0, 500, 329], [0, 0, 1]]
    )


def test_sides_are_floored_to_multiples_of_8(tmp_path):
    # 600 x 975: the shorter side to 480, the other to 780, then to 776.
    for number in range(2):
        _write_dot(tmp_path, number, (600, 975), (0, 0))
    (row,) = _read(tmp_path, _row())
    sample = pose_list.make_pose_sample("a", tmp_path, row, "s")
    assert sample["query"].shape == (480, 776, 3)
    expected = CAMERA_0 * [[776 / 975], [480 / 600], [1]]
    np.testing.assert_allclose(sample["pose"][1], expected)


def test_small_images_are_enlarged_bilinearly(tmp_path):
    for number in range(2):
        image = np.zeros((240, 240, 3), "uint8")
        image[:, 120:] = 200
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
    (row,) = _read(tmp_path, _row())
    sample = pose_list.make_pose_sample("a", tmp_path, row, "s")
    # Column 239 is at (239 + 0.5) / 2 - 0.5 = 119.25 of the file: a quarter of
    # the way from 0 to 200.
    assert sample["query"][0, 238:242, 0].tolist() == [0, 50, 150, 200]


def test_a_sample_has_the_pose_alone(tmp_path):
    for number in range(2):
        _write_dot(tmp_path, number, (480, 480), (0, 0))
    (row,) = _read(tmp_path, _row())
    sample = pose_list.make_pose_sample("a", tmp_path, row, "s")
    assert sample["attributes"] == {"scene": "s"}
    assert sample["flow"] is sample["points"] is None
    assert [array.shape for array in sample["pose"]] == [
        (3, 3),
        (3, 3),
        (4, 4),
    ]
    assert all(array.dtype == "float64" for array in sample["pose"])


def _replace(place, value):
    row = _row()
    row[place] = value
    return row


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (_row()[:-1], "A row must have 38 values. Received: 37"),
        ([*_row(), "0"], "A row must have 38 values. Received: 39"),
        (_replace(9, "x"), "Expected a finite number. Received: 'x'"),
        (_replace(9, "nan"), "Expected a finite number. Received: 'nan'"),
        (_replace(2, "90"), "A rotation must be 0, 1, 2 or 3 quarter turns"),
        (_replace(4, "-500"), "K must have positive focal lengths"),
        (_replace(21, "2"), "K must have positive focal lengths and the last"),
        (_replace(22, "0.1"), "T must be a rotation and a translation"),
        (_row(motion=np.diag([1.0, 1, -1, 1])), "T must be a rotation and a"),
        (_replace(37, "2"), "T must be a rotation .* last row 0 0 0 1"),
    ],
)
def test_damaged_rows_are_named(tmp_path, row, message):
    with pytest.raises(ValueError, match=f"^row 2 of '.*txt': {message}"):
        _read(tmp_path, _row(), row)


def test_rotations_may_be_rounded(tmp_path):
    # The products of rows differ from 1 by 8e-4.
    motion = MOTION.copy()
    motion[1, 0] = 1.0004
    assert len(_read(tmp_path, _row(motion=motion))) == 1


def test_an_empty_list_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="must list at least one pair"):
        _read(tmp_path)


def test_images_that_cannot_be_read_are_named(tmp_path):
    (row,) = _read(tmp_path, _row())
    with pytest.raises(ValueError, match="^row 1 of .*1.png': No such file"):
        pose_list.make_pose_sample("a", tmp_path, row, "s")
