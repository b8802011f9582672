import os
import stat

import pytest

from gocor_tf.data import atomic


def test_the_file_appears_whole(tmp_path):
    path = tmp_path / "a.txt"
    with atomic.atomic_path(path) as temporary:
        assert temporary.endswith(".txt")
        with open(temporary, "w") as file:
            file.write("all")
        assert not path.exists()
    assert path.read_text() == "all"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_it_is_as_readable_as_any_new_file(tmp_path):
    atomic.write_bytes(tmp_path / "a", b"1")
    (tmp_path / "b").write_bytes(b"1")
    modes = [stat.S_IMODE(os.stat(tmp_path / n).st_mode) for n in "ab"]
    assert modes[0] == modes[1]


def test_a_failure_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic.atomic_path(path) as temporary:
        with open(temporary, "w") as file:
            file.write("ha")
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_folder_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="Cannot write .*existing folder"):
        atomic.write_bytes(tmp_path / "none" / "a.txt", b"1")
