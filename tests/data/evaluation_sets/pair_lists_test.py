import numpy as np
import pytest

from gocor_tf.data.evaluation_sets import pair_lists
from tests.data.evaluation_sets.miniatures_semantic import write_table

COLUMNS = ("source", "target")


def test_the_first_line_may_have_other_names(tmp_path):
    path = tmp_path / "pairs.csv"
    write_table(path, ("imageA", "imageB"), ("a.png", "b.png"))
    (row,) = pair_lists.read_pair_list(path, COLUMNS)
    assert row == (f"row 2 of '{path}'", ["a.png", "b.png"])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [("a.png", "b.png")],
            "The first line of '.*' must be 'source,target'",
        ),
        ([("one", "two", "three")], "The first line of .* must be 'source,t"),
        ([("one", "one")], "The first line of '.*' must be 'source,target'"),
        ([], "The first line of '.*' must be 'source,target'"),
        ([("one", "two")], "must list at least one pair"),
        ([("one", "two"), ("a", "b", "c")], "Row 2 of '.*' must have 2 cells"),
    ],
)
def test_damaged_lists_are_errors(tmp_path, rows, message):
    write_table(tmp_path / "pairs.csv", *rows)
    with pytest.raises(ValueError, match=message):
        pair_lists.read_pair_list(tmp_path / "pairs.csv", COLUMNS)


def test_files_that_cannot_be_read_are_errors(tmp_path):
    path = tmp_path / "pairs"
    for read in (
        lambda: pair_lists.read_lines(path),
        lambda: pair_lists.read_pair_list(path, COLUMNS),
    ):
        with pytest.raises(ValueError, match="Cannot read '.*': No such file"):
            read()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="Cannot read '.*pairs': 'utf-8' co"):
        pair_lists.read_lines(path)


def test_lines_are_numbered_as_in_an_editor(tmp_path):
    path = tmp_path / "pairs.txt"
    path.write_text("one\n\n two \n")
    assert pair_lists.read_lines(path) == [
        (f"row 1 of '{path}'", "one"),
        (f"row 3 of '{path}'", "two"),
    ]


def test_a_list_of_lines_must_not_be_empty(tmp_path):
    (tmp_path / "pairs.txt").write_text("\n\n")
    with pytest.raises(ValueError, match="must list at least one pair"):
        pair_lists.read_lines(tmp_path / "pairs.txt")


def test_numbers_are_parsed():
    numbers = pair_lists.parse_numbers(["1", " -2.5", "3e1"])
    np.testing.assert_array_equal(numbers, [1, -2.5, 30])


@pytest.mark.parametrize("cell", ["", "x", "nan", "inf"])
def test_numbers_must_be_finite(cell):
    with pytest.raises(ValueError, match=f"finite number. Received: '{cell}'"):
        pair_lists.parse_numbers(["1", cell])


def test_names_have_the_place_and_the_images():
    assert pair_lists.pair_name(7, "a/b.c.jpg", "d.png") == "0007-b.c-d"
