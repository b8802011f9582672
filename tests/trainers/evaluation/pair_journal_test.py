import json

import numpy as np
import pytest

from gocor_tf.trainers.evaluation.pair_journal import PairJournal, to_json

SETTINGS = {"preset": ["default"], "variant": None}


@pytest.fixture
def path(tmp_path):
    """Returns the name of a journal with two records."""
    path = tmp_path / "a.json.partial"
    journal = PairJournal(path, SETTINGS)
    journal.append("net", {"name": "a", "aepe": 1.5})
    journal.append("dis", {"name": "a", "aepe": None})
    return path


def _records(path, settings=SETTINGS):
    return list(PairJournal(path, settings).records())


def test_records_are_there_after_a_restart(path):
    journal = PairJournal(path, SETTINGS)
    assert list(journal.records("net")) == [{"name": "a", "aepe": 1.5}]
    assert list(journal.records("dis")) == [{"name": "a", "aepe": None}]
    assert len(list(journal.records())) == 2
    assert list(journal.records("sift")) == []


def test_records_are_added_behind_the_others(path):
    journal = PairJournal(path, SETTINGS)
    journal.append("net", {"name": "b"})
    assert [record["name"] for record in journal.records()] == ["a", "a", "b"]


def test_a_journal_can_be_removed(path):
    PairJournal(path, SETTINGS).remove()
    assert not path.exists()


def test_without_a_file_nothing_is_kept():
    journal = PairJournal(None, SETTINGS)
    journal.append("net", {"name": "a"})
    assert list(journal.records()) == []
    journal.remove()


@pytest.mark.parametrize("unfinished", [b'{"method": "net", "na', b"\x00\x00"])
def test_an_unfinished_line_is_dropped(path, unfinished):
    whole = path.read_bytes()
    path.write_bytes(whole + unfinished)
    assert len(_records(path)) == 2
    assert path.read_bytes() == whole


def test_a_long_unfinished_line_is_dropped(path):
    whole = path.read_bytes()
    path.write_bytes(whole + b"x" * 200000)
    assert len(_records(path)) == 2
    assert path.read_bytes() == whole


@pytest.mark.parametrize("content", [b"", b'{"pre', b'{"preset": ["other"]}\n'])
def test_what_has_no_records_yet_is_begun_anew(path, content):
    path.write_bytes(content)
    assert _records(path) == []
    assert json.loads(path.read_text()) == SETTINGS


def test_other_settings_are_refused_by_name(path):
    with pytest.raises(
        ValueError,
        match=r"must hold the pairs of this evaluation, to go on with: "
        r"preset=\['default'\] there, \['a'\] here. Delete it, or choose",
    ):
        PairJournal(path, SETTINGS | {"preset": ["a"]})
    before = path.read_bytes()
    with pytest.raises(ValueError, match="variant=None there, None here|skip"):
        PairJournal(path, SETTINGS | {"skip": 1})
    assert path.read_bytes() == before


def test_settings_that_are_gone_are_refused_by_name(path):
    with pytest.raises(ValueError, match=r"preset=\['default'\] there, None h"):
        PairJournal(path, {"variant": None})


@pytest.mark.parametrize("content", [b"\x89PNG", b"a\nb", b"[\n1]", b"{\n1}"])
def test_another_file_is_left_alone(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="it is no such file. Delete it"):
        PairJournal(path, SETTINGS)
    assert path.read_bytes() == content


@pytest.mark.parametrize("line", ["", "{", "[]", "1", '{"name": "a"}'])
def test_a_damaged_line_is_named(path, line):
    with open(path, "a") as file:
        file.write(f"{line}\n")
    journal = PairJournal(path, SETTINGS)
    with pytest.raises(ValueError, match="^Line 4 of '.*partial' must be the"):
        list(journal.records())


def test_json_has_plain_numbers_and_no_nan():
    value = {
        "numbers": [1.5, float("nan"), np.float32("inf"), None, "text"],
        "scalars": (np.float64(0.5), np.float32(0.25), np.int64(3), np.True_),
        "array": np.array([1.0, np.nan]),
    }
    expected = {
        "numbers": [1.5, None, None, None, "text"],
        "scalars": [0.5, 0.25, 3, True],
        "array": [1.0, None],
    }
    assert to_json(value) == expected
    assert json.loads(json.dumps(to_json(value), allow_nan=False)) == expected
