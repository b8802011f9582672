import sys

import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.pf_pascal import PFPascal
from tests.data.evaluation_sets.miniatures_semantic import (
    cut_short,
    make_loop,
    write_image,
    write_table,
)

io = pytest.importorskip("scipy.io")

HEADER = ("source_image", "target_image", "class")
PATH = "PF-dataset-PASCAL/JPEGImages/2008_00000{}.jpg"
NAN = np.nan
# (number, 2) as in the published files, (spec 5.8).
QUERY_POINTS = np.array([(10.0, 20.0), (NAN, NAN), (5.5, 6.5)])
REFERENCE_POINTS = np.array([(12.4, 15.7), (3.0, 4.0), (NAN, NAN)])


def _annotation(root, number):
    return root / f"Annotations/cat/2008_00000{number}.mat"


@pytest.fixture
def root(tmp_path):
    write_image(tmp_path / "JPEGImages" / "2008_000001.jpg", 30, 40, 60)
    write_image(tmp_path / "JPEGImages" / "2008_000002.jpg", 50, 20, 90)
    (tmp_path / "Annotations" / "cat").mkdir(parents=True)
    for number, points in ((1, QUERY_POINTS), (2, REFERENCE_POINTS)):
        io.savemat(
            _annotation(tmp_path, number),
            {"kps": points, "bbox": [[1, 1, 9, 9]]},
        )
    # Class 8, counted from 1, is "cat".
    for variant in ("test", "val"):
        write_table(
            tmp_path / f"{variant}_pairs_pf_pascal.csv",
            HEADER,
            (PATH.format(1), PATH.format(2), "8"),
        )
    return tmp_path


def test_a_pair_by_hand(root):
    (sample,) = PFPascal(root)
    # The source is the query: 30 x 40; the target the reference: 50 x 20.
    assert (sample["query"][:30, :40] == 60).all()
    assert (sample["reference"][:50, :20] == 90).all()
    assert sample["query"].shape == sample["reference"].shape == (50, 40, 3)
    # Only the first keypoint is in both: (12.4, 15.7) -> (10, 20).
    np.testing.assert_array_equal(sample["points"], [[12, 16]])
    np.testing.assert_allclose(sample["flow"], [[-2.4, 4.3]])
    # The longer side of the query before padding.
    assert sample["extent"] == 40
    assert sample["attributes"] == {"category": "cat"}
    assert sample["group"] == "test"


def test_names_and_length(root):
    pairs = PFPascal(root, variant="val")
    assert len(pairs) == 1
    assert pairs.names == ["0000-2008_000001-2008_000002"]
    assert pairs[0]["name"] == pairs.names[0] and pairs[0]["group"] == "val"
    with pytest.raises(IndexError):
        pairs[1]


def test_the_training_list_says_what_is_mirrored(root):
    row = (PATH.format(1), PATH.format(2), "8")
    write_table(
        root / "train_pairs_pf_pascal.csv",
        (*HEADER, "flip"),
        (*row, "0"),
        (*row, "1"),
    )
    one, other = PFPascal(root, variant="train")
    np.testing.assert_array_equal(one["flow"], other["flow"])
    assert one["name"] != other["name"]


def test_the_variant_must_exist(root):
    with pytest.raises(ValueError, match="`variant` must be one of .*'trn'"):
        PFPascal(root, variant="trn")


def test_missing_files_are_listed(root):
    _annotation(root, 2).unlink()
    make_loop(root / "JPEGImages" / "2008_000001.jpg")
    with pytest.raises(
        ValueError,
        match="lacks Annotations/cat/2008_000002.mat, JPEGImages/2008_000001",
    ):
        PFPascal(root)
    with pytest.raises(ValueError, match="lacks train_pairs_pf_pascal.csv"):
        PFPascal(root, variant="train")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("a.jpg", "b.jpg", "8", "1"), "Row 2 of '.*' must have 3 cells"),
        (("a.jpg", "b.jpg", "0"), "row 2 of .*: The class must be in 1..20"),
        (("a.jpg", "b.jpg", "cat"), "row 2 of .*: The class must be in 1..20"),
        (("a", "b.jpg", "8"), "row 2 of '.*': Expected the path of a .jpg"),
    ],
)
def test_damaged_rows_are_named(root, row, message):
    write_table(root / "test_pairs_pf_pascal.csv", HEADER, row)
    with pytest.raises(ValueError, match=message):
        PFPascal(root)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"bbox": [1]}, "has no array `kps`"),
        ({"kps": np.zeros((2, 3))}, r"must have shape \(number, 2\)"),
        ({"kps": np.zeros((5, 2))}, "Received: 5 of the reference, 3 of the"),
        ({"kps": np.full((3, 2), NAN)}, "`points` must not be empty"),
    ],
)
def test_damaged_annotations_are_named(root, arrays, message):
    io.savemat(_annotation(root, 2), arrays)
    with pytest.raises(ValueError, match=f"^row 2 of '.*csv': .*{message}"):
        PFPascal(root)[0]


@pytest.mark.parametrize("compressed", [False, True])
def test_annotations_cut_short_are_named(root, compressed):
    path = _annotation(root, 1)
    io.savemat(path, {"kps": QUERY_POINTS}, do_compression=compressed)
    cut_short(path)
    with pytest.raises(ValueError, match="1.mat': it is missing, cut short or"):
        PFPascal(root)[0]


def test_an_image_that_is_gone_is_named(root):
    pairs = PFPascal(root)
    (root / "JPEGImages" / "2008_000002.jpg").unlink()
    with pytest.raises(ValueError, match=r"^row 2 of .*2.jpg': No such file"):
        pairs[0]


def test_scipy_is_asked_for(root, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ImportError, match=r"pip install gocor_tf\[evaluate\]"):
        PFPascal(root)
