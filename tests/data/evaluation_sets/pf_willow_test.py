import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.pf_willow import PFWillow
from tests.data.evaluation_sets.miniatures_semantic import (
    cut_short,
    make_loop,
    write_image,
    write_table,
)

HEADER = ["imageA", "imageB", *(f"n{number}" for number in range(40))]
IMAGES = ["PF-dataset/car(G)/a.png", "PF-dataset/car(G)/b.png"]
# Spec 5.9: 10 x, then 10 y, of the source, which is the query, ...
QUERY = [*range(10, 20), *range(30, 50, 2)]
# ... then of the target, the reference.
REFERENCE = [*np.arange(10) + 0.25, *range(10)]
ROW = [*IMAGES, *QUERY, *REFERENCE]


def _write_list(root, *rows):
    write_table(root / "test_pairs_pf.csv", HEADER, *rows)


@pytest.fixture
def root(tmp_path):
    write_image(tmp_path / "car(G)" / "a.png", 60, 40, 70)
    write_image(tmp_path / "car(G)" / "b.png", 50, 80, 90)
    _write_list(tmp_path, ROW)
    return tmp_path


def test_a_pair_by_hand(root):
    (sample,) = PFWillow(root)
    assert (sample["query"][:60, :40] == 70).all()
    assert (sample["reference"][:50, :80] == 90).all()
    # The last keypoint: query (19, 48), reference (9.25, 9).
    np.testing.assert_array_equal(sample["points"][9], [9, 9])
    np.testing.assert_array_equal(sample["flow"][9], [9.75, 39])
    # Of the query's keypoints, x goes from 10 to 19 and y from 30 to 48.
    assert sample["extent"] == 18
    assert sample["attributes"] == {"category": "car(G)"}


def test_names_and_length(root):
    _write_list(root, ROW, ROW)
    pairs = PFWillow(root)
    assert len(pairs) == 2
    assert pairs.names == ["0000-a-b", "0001-a-b"]
    assert pairs[1]["name"] == "0001-a-b"
    with pytest.raises(IndexError):
        pairs[2]


def test_missing_files_are_listed(root):
    make_loop(root / "car(G)" / "b.png")
    with pytest.raises(ValueError, match=r"lacks car\(G\)/b.png. It should"):
        PFWillow(root)
    (root / "test_pairs_pf.csv").unlink()
    with pytest.raises(ValueError, match="lacks test_pairs_pf.csv. It should"):
        PFWillow(root)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([*ROW, 1], "Row 2 of '.*' must have 42 cells. Received: 43"),
        ([*ROW[:-1], "nan"], "row 2 of '.*': Expected a finite number"),
        ([*ROW[:-1], "x"], "row 2 of '.*': Expected a finite number"),
        (["a.png", *ROW[1:]], "row 2 of '.*': Expected a path such as"),
        (["car/a.png", *ROW[1:]], "row 2 of '.*': Expected a path such as"),
    ],
)
def test_damaged_rows_are_named(root, row, message):
    _write_list(root, row)
    with pytest.raises(ValueError, match=message):
        PFWillow(root)


def test_an_empty_list_is_an_error(root):
    _write_list(root)
    with pytest.raises(ValueError, match="must list at least one pair"):
        PFWillow(root)


def test_the_querys_keypoints_must_have_an_extent(root):
    _write_list(root, [*IMAGES, *[5] * 20, *REFERENCE])
    with pytest.raises(ValueError, match="^row 2 of .*`extent` must be a pos"):
        PFWillow(root)[0]


def test_images_that_cannot_be_read_are_named(root):
    pairs = PFWillow(root)
    cut_short(root / "car(G)" / "a.png")
    with pytest.raises(ValueError, match="^row 2 of .*a.png': it is cut short"):
        pairs[0]
    (root / "car(G)" / "b.png").unlink()
    with pytest.raises(ValueError, match="^row 2 of .*b.png': No such file"):
        pairs[0]
