import csv
import sys

import numpy as np
import PIL.Image
import pytest

from gocor_tf.data.evaluation_sets import keypoint_lists
from tests.data.evaluation_sets import miniatures_flow

COLUMNS = ["scene", "source_image", "target_image", "XA", "YA", "XB", "YB"]
# (height, width). Query: scale 480 / 500, so (480, round(921.6) = 922), then
# multiples of 16: (480, 912). Reference: scale 1, (496, 480) from 501 rows.
QUERY_SIZE, REFERENCE_SIZE = (500, 960), (501, 480)


def _row(points, scene="0001"):
    """A row of points (XA, YA, XB, YB)."""
    lists = [";".join(map(str, column)) for column in zip(*points, strict=True)]
    return [scene, "q.png", "r.png", *lists]


def _write(root, *rows):
    miniatures_flow.write_csv(root / "list.csv", [COLUMNS, *rows])
    return [
        miniatures_flow.write_image(root / "0001" / name, size, seed)
        for seed, (name, size) in enumerate(
            (("r.png", REFERENCE_SIZE), ("q.png", QUERY_SIZE))
        )
    ]


def _rows(root):
    return keypoint_lists.read_rows(root, "list.csv", "layout")


def _read(root, number=0):
    return keypoint_lists.read_pair(root, _rows(root)[number], "a")


def test_a_point_by_hand(tmp_path):
    # Spec 5.3: query (100, 200) times (912 / 960, 480 / 500) = (95, 192);
    # reference (40.4, 100.2) times (1, 496 / 501) = (40.4, 99.2), pixel
    # (40, 99); the flow is (95 - 40.4, 192 - 99.2) = (54.6, 92.8).
    _write(tmp_path, _row([(100, 200, 40.4, 100.2)]))
    sample = _read(tmp_path)
    np.testing.assert_array_equal(sample["points"], [[40, 99]])
    np.testing.assert_allclose(sample["flow"], [[54.6, 92.8]], rtol=1e-12)
    assert (sample["name"], sample["group"]) == ("a", "all")
    assert sample["attributes"] == {"scene": "0001"}


def test_images_are_resized_by_pillow_then_padded(tmp_path):
    images = _write(tmp_path, _row([(100, 200, 40, 100)]))
    sample = _read(tmp_path)
    for name, image, width, height in (
        ("reference", images[0], 480, 496),
        ("query", images[1], 912, 480),
    ):
        expected = np.zeros((496, 912, 3), "uint8")
        expected[:height, :width] = PIL.Image.fromarray(image).resize(
            (width, height), PIL.Image.Resampling.LANCZOS
        )
        np.testing.assert_array_equal(sample[name], expected)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((480, 640), (480, 640)),
        ((240, 321), (480, 640)),  # Twice 321 is 642.
        ((1000, 600), (800, 480)),
        ((1000, 1333), (480, 640)),  # 639.84 is rounded first.
        ((800, 603), (624, 480)),  # 636.8, 637, of which 39 times 16.
    ],
)
def test_sides_are_multiples_of_sixteen(size, expected):
    image, factors = keypoint_lists.resize_to_min_side(
        np.zeros((*size, 3), "uint8")
    )
    assert image.shape == (*expected, 3)
    np.testing.assert_allclose(factors * size[::-1], expected[::-1])


@pytest.mark.parametrize(
    "outside",
    [
        (0, 5, 5, 5),  # On the border of the query is outside, spec 5.3.
        (5, 500, 5, 5),
        (5, 5, 480, 5),
        (5, 5, 5, 501),
        (5, 5, -3, 5),
        (5, 5, 479.6, 5),  # Rounds to 480, which is no pixel, spec 6.2.
    ],
)
def test_points_outside_either_image_are_dropped(tmp_path, outside):
    inside = [(959, 499, 479.4, 500), (0.5, 0.5, 0.4, 0.4)]
    _write(tmp_path, _row([inside[0], outside, inside[1]]))
    points = _read(tmp_path)["points"]
    np.testing.assert_array_equal(points, [[479, 495], [0, 0]])


def test_a_slash_is_the_root(tmp_path):
    _write(tmp_path, _row([(1, 1, 1, 1)], scene="/"))
    for name in ("r.png", "q.png"):
        (tmp_path / "0001" / name).rename(tmp_path / name)
    assert _read(tmp_path)["reference"].shape == (496, 912, 3)


def test_lists_may_be_long_and_end_in_a_separator(tmp_path):
    # More than the 131072 characters that the csv module reads by default.
    csv.field_size_limit(131072)
    row = _row([(100.25, 100.25, 50.25, 50.25)] * 30000)
    row[3:] = [text + ";" for text in row[3:]]
    _write(tmp_path, row)
    assert len(_read(tmp_path)["points"]) == 30000
    assert csv.field_size_limit() == 131072


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([*_row([(1, 1, 1, 1)]), 1], "Row 3 of .* must have 7 cells"),
        (
            ["0001", "q.png", "r.png", "1;2", "1;2", "1;2", "1"],
            "Row 3 .*equall",
        ),
        (["0001", "q.png", "r.png", "", "", "", ""], "Row 3 .*at least one"),
    ],
)
def test_a_malformed_list_is_an_error(tmp_path, row, message):
    _write(tmp_path, _row([(1, 1, 1, 1)]), row)
    with pytest.raises(ValueError, match=message):
        _rows(tmp_path)


@pytest.mark.parametrize("text", ["nan", "inf", "x", "1;;1"])
def test_coordinates_must_be_finite_numbers(tmp_path, text):
    number = text.count(";") + 1
    row = _row([(1, 1, 1, 1)] * number)
    row[4] = text
    _write(tmp_path, _row([(1, 1, 1, 1)]), row)
    with pytest.raises(ValueError, match=r"Row 3 of .*`XA` and `YA` must list"):
        _read(tmp_path, 1)


def test_a_pair_without_points_inside_is_an_error(tmp_path):
    _write(tmp_path, _row([(-1, 1, 1, 1)]))
    with pytest.raises(ValueError, match="Row 2 of .*csv': `points` must not"):
        _read(tmp_path)


def test_an_empty_list_is_an_error(tmp_path):
    _write(tmp_path)
    with pytest.raises(ValueError, match="must list at least one pair"):
        _rows(tmp_path)


def test_what_is_missing_is_listed(tmp_path):
    _write(tmp_path, _row([(1, 1, 1, 1)]))
    miniatures_flow.make_loop(tmp_path / "0001" / "q.png")
    with pytest.raises(ValueError, match=r"lacks 0001/q\.png\. .*this: layout"):
        _rows(tmp_path)
    (tmp_path / "list.csv").unlink()
    with pytest.raises(ValueError, match=r"lacks list\.csv\. "):
        _rows(tmp_path)


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    _write(tmp_path, _row([(1, 1, 1, 1)]))
    row = _rows(tmp_path)[0]
    miniatures_flow.cut_short(tmp_path / "0001" / "r.png")
    with pytest.raises(
        ValueError, match=r"Row 2 of .*r\.png': it is cut short"
    ):
        keypoint_lists.read_pair(tmp_path, row, "a")
    (tmp_path / "0001" / "r.png").unlink()
    with pytest.raises(ValueError, match=r"Row 2 of .*r\.png': No such file"):
        keypoint_lists.read_pair(tmp_path, row, "a")


def test_pillow_is_asked_for(tmp_path, monkeypatch):
    _write(tmp_path, _row([(1, 1, 1, 1)]))
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(
        ImportError, match=r"pip install 'gocor_tf\[evaluate\]'"
    ):
        _rows(tmp_path)
