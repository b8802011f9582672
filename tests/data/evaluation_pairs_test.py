import json

import pytest

from gocor_tf.data import evaluation_pairs

ENTRY = {
    "name": "a",
    "group": "g",
    "reference": "image.png",
    "query": "image.png",
    "gt_type": "homography",
    "gt_path": "truth",
    "gt_direction": "query_to_reference",
    "notes": "unused",
}


def _write(folder, *entries):
    (folder / "image.png").write_bytes(b"")
    (folder / "truth").write_bytes(b"")
    path = folder / "pairs.json"
    path.write_text(json.dumps(entries))
    return path


def test_paths_are_joined_with_the_folder(tmp_path):
    entry = {**ENTRY, "points_path": "truth"}
    (pair,) = evaluation_pairs.read_pairs(_write(tmp_path, entry))
    assert (pair.name, pair.group, pair.gt_type) == ("a", "g", "homography")
    assert pair.reference == pair.query == str(tmp_path / "image.png")
    assert pair.gt_path == pair.points_path == str(tmp_path / "truth")


def test_a_pair_may_have_no_ground_truth(tmp_path):
    entry = {**ENTRY, "gt_type": "none", "gt_path": None}
    (pair,) = evaluation_pairs.read_pairs(_write(tmp_path, entry))
    assert pair.gt_path is None and pair.points_path is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gt_type": "disparity"}, "Pair 'a': `gt_type` must be one of"),
        ({"gt_direction": "reference_to_query"}, "Pair 'a': `gt_direction`"),
        ({"reference": "no.png"}, "Pair 'a': `reference` must name a file"),
        ({"gt_path": None}, "Pair 'a': `gt_path` must name a file"),
        ({"points_path": "no"}, "Pair 'a': `points_path` must name a file"),
        ({"group": 3}, "Pair 'a' must have the text `group`"),
        ({"name": "../a"}, "Pair '../a' must have a name without slashes"),
        ({"name": ""}, "must have the text `name`"),
    ],
)
def test_errors_name_the_pair(tmp_path, change, message):
    path = _write(tmp_path, {**ENTRY, **change})
    with pytest.raises(ValueError, match=message):
        evaluation_pairs.read_pairs(path)


def test_a_pair_that_is_no_object_is_numbered(tmp_path):
    with pytest.raises(ValueError, match="Pair number 1 must be"):
        evaluation_pairs.read_pairs(_write(tmp_path, ENTRY, "b"))


def test_names_are_unique(tmp_path):
    with pytest.raises(ValueError, match="Pair 'a' is listed twice"):
        evaluation_pairs.read_pairs(_write(tmp_path, ENTRY, ENTRY))


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "not JSON"), ("[]", "at least one"), ("{}", "at least one")],
)
def test_a_file_that_is_no_list_of_pairs(tmp_path, text, message):
    path = tmp_path / "pairs.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        evaluation_pairs.read_pairs(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(ValueError, match="No such file"):
        evaluation_pairs.read_pairs(tmp_path / "pairs.json")
