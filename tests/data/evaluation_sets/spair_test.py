import json

import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.spair import SPair
from tests.data.evaluation_sets.miniatures_semantic import (
    cut_short,
    make_loop,
    write_image,
)

LINE = "000001-2007_000175-2007_000346:aeroplane"
LEVELS = {
    "category": "aeroplane",
    "viewpoint_variation": 2,
    "scale_variation": 1,
    "truncation": 3,
    "occlusion": 0,
}
FACTS = {
    "src_imname": "2007_000175.jpg",
    "trg_imname": "2007_000346.jpg",
    "src_kps": [[10, 20], [30, 40]],
    "trg_kps": [[12, 25], [3, 4]],
    "src_bndbox": [5, 10, 35, 90],
    "trg_bndbox": [1, 1, 9, 9],
    **LEVELS,
}


def _write(root, facts=FACTS, lines=LINE + "\n", split="test"):
    path = root / "PairAnnotation" / split / f"{LINE}.json"
    for folder in (path.parent, root / "Layout" / "large"):
        folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts))
    (root / "Layout" / "large" / f"{split}.txt").write_text(lines)
    return path


def _image(root, number):
    return root / "JPEGImages" / "aeroplane" / f"2007_000{number}.jpg"


@pytest.fixture
def root(tmp_path):
    write_image(_image(tmp_path, 175), 100, 60, 70)
    write_image(_image(tmp_path, 346), 50, 80, 90)
    _write(tmp_path)
    return tmp_path


def test_a_pair_by_hand(root):
    (sample,) = SPair(root)
    # The source is the query, the target the reference (spec 5.10).
    assert (sample["query"][:100, :60] == 70).all()
    assert (sample["reference"][:50, :80] == 90).all()
    assert sample["query"].shape == sample["reference"].shape == (100, 80, 3)
    np.testing.assert_array_equal(sample["points"], [[12, 25], [3, 4]])
    np.testing.assert_array_equal(sample["flow"], [[-2, -5], [27, 36]])
    # The query's box is 35 - 5 wide and 90 - 10 high.
    assert sample["extent"] == 80
    assert sample["attributes"] == LEVELS


def test_names_and_length(root):
    _write(root, split="trn")
    pairs = SPair(root, variant="trn")
    assert len(pairs) == 1
    assert pairs.names == ["000001-2007_000175-2007_000346-aeroplane"]
    assert pairs[0]["name"] == pairs.names[0] and pairs[0]["group"] == "trn"
    with pytest.raises(IndexError):
        pairs[1]


def test_the_variant_must_exist(root):
    with pytest.raises(ValueError, match="`variant` must be one of .*'train'"):
        SPair(root, variant="train")


def test_missing_files_are_listed(root):
    make_loop(_image(root, 175))
    _write(root).unlink()
    with pytest.raises(
        ValueError, match="JPEGImages/aeroplane/2007_000175.jpg, PairAnnotation"
    ):
        SPair(root)
    with pytest.raises(ValueError, match="lacks Layout/large/val.txt. It sho"):
        SPair(root, variant="val")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("\n", "must list at least one pair"),
        (f"{LINE}\n{LINE}:1\n", "row 2 of '.*test.txt': Expected a line such"),
        (f"{LINE}\n000001-a:cat\n", "row 2 of '.*test.txt': Expected a line"),
        (f"{LINE}\n{LINE}\n", "test.txt' must list every pair once"),
    ],
)
def test_damaged_lists_are_errors(root, lines, message):
    _write(root, lines=lines)
    with pytest.raises(ValueError, match=message):
        SPair(root)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"src_kps": [[1, 2]]}, "Received: 2 of the reference, 1 of the query"),
        ({"src_kps": [1, 2]}, "`src_kps` must be a list of pairs of numbers"),
        ({"trg_kps": [[1, None], ["x", 2]]}, "`trg_kps` must be a list of pai"),
        ({"trg_kps": [[1, 2], [np.nan, 2]]}, "keypoints must be finite"),
        ({"src_bndbox": [1, 2, 3]}, "`src_bndbox` must be four numbers"),
        ({"src_bndbox": [9, 9, 1, 1]}, "`extent` must be a positive number"),
        ({"src_bndbox": [9, np.nan, 10, 1]}, "`extent` must be a positive nu"),
        ({"trg_imname": "none.jpg"}, "none.jpg': No such file"),
        ({"category": None}, "No such file"),
    ],
)
def test_damaged_annotations_are_named(root, change, message):
    _write(root, {**FACTS, **change})
    with pytest.raises(ValueError, match=f"^Pair '000001-2007_.*{message}"):
        SPair(root)[0]


@pytest.mark.parametrize("facts", [{"src_kps": []}, [], 3])
def test_annotations_must_have_all_fields(root, facts):
    _write(root, facts)
    with pytest.raises(ValueError, match="must have the fields .*trg_kps"):
        SPair(root)[0]


def test_files_that_cannot_be_read_are_named(root):
    pairs = SPair(root)
    annotation = _write(root)
    cut_short(annotation)
    with pytest.raises(ValueError, match="it is cut short or not JSON"):
        pairs[0]
    annotation.unlink()
    with pytest.raises(ValueError, match="Cannot read annotation .*No such fi"):
        pairs[0]
    _write(root)
    _image(root, 346).unlink()
    with pytest.raises(ValueError, match="346.jpg': No such file"):
        pairs[0]
