import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.caltech101 import Caltech101
from tests.data.evaluation_sets.miniatures_semantic import (
    cut_short,
    make_loop,
    write_image,
    write_table,
)

TABLE = "test_pairs_caltech_with_category.csv"
HEADER = ("source_image", "target_image", "class", "XA", "YA", "XB", "YB")
PATH = "caltech-101/101_ObjectCategories/pyramid/image_000{}.jpg"
# A, of the source, is the query's: x in 1..3, y in 2..5 (spec 5.11).
QUERY = ("1,3,3,1", "2,2,5,5")
# B is the reference's: the triangle below the diagonal of 0..4.
REFERENCE = ("0,4,0", "0,4,4")
ROW = (PATH.format(1), PATH.format(2), "5", *QUERY, *REFERENCE)


def _image(root, number):
    return root / f"101_ObjectCategories/pyramid/image_000{number}.jpg"


@pytest.fixture
def root(tmp_path):
    write_image(_image(tmp_path, 1), 8, 6, 70)
    write_image(_image(tmp_path, 2), 5, 10, 90)
    write_table(tmp_path / TABLE, HEADER, ROW)
    return tmp_path


def test_a_pair_by_hand(root):
    (sample,) = Caltech101(root)
    assert sample["query"].shape == (8, 6, 3) and sample["query"].min() == 70
    assert sample["reference"].shape == (5, 10, 3)
    reference_mask, query_mask = sample["masks"]
    expected = np.zeros((8, 6), bool)
    expected[2:6, 1:4] = True
    np.testing.assert_array_equal(query_mask, expected)
    expected = np.zeros((5, 10), bool)
    expected[:, :5] = np.tri(5)
    np.testing.assert_array_equal(reference_mask, expected)
    assert sample["flow"] is sample["points"] is None
    assert sample["attributes"] == {"category": "pyramid"}


def test_names_and_length(root):
    write_table(root / TABLE, HEADER, ROW, ROW)
    pairs = Caltech101(root)
    assert len(pairs) == 2
    assert pairs.names[1] == "0001-image_0001-image_0002"
    assert pairs[1]["name"] == pairs.names[1]
    with pytest.raises(IndexError):
        pairs[2]


def test_missing_files_are_listed(root):
    make_loop(_image(root, 2))
    with pytest.raises(
        ValueError, match="lacks 101_ObjectCategories/pyramid/image_0002.jpg. "
    ):
        Caltech101(root)
    (root / TABLE).unlink()
    with pytest.raises(ValueError, match=f"lacks {TABLE}. It should look"):
        Caltech101(root)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((*ROW, "1"), "Row 2 of '.*' must have 7 cells. Received: 8"),
        ((*ROW[:-1], "0,4"), "row 2 of '.*': An outline must .* 3 x, 2 y"),
        ((*ROW[:-2], "0,4", "0,4"), "An outline must .* 2 x, 2 y"),
        ((*ROW[:-1], "0,4,nan"), "row 2 of '.*': Expected a finite number"),
        (("a.jpg", *ROW[1:]), "row 2 of '.*': Expected a path such as"),
    ],
)
def test_damaged_rows_are_named(root, row, message):
    write_table(root / TABLE, HEADER, row)
    with pytest.raises(ValueError, match=message):
        Caltech101(root)


def test_an_empty_list_is_an_error(root):
    write_table(root / TABLE, HEADER)
    with pytest.raises(ValueError, match="must list at least one pair"):
        Caltech101(root)


def test_images_that_cannot_be_read_are_named(root):
    pairs = Caltech101(root)
    cut_short(_image(root, 2))
    with pytest.raises(ValueError, match="^row 2 of .*2.jpg': it is cut short"):
        pairs[0]
    _image(root, 2).unlink()
    with pytest.raises(ValueError, match="^row 2 of .*2.jpg': No such file"):
        pairs[0]
