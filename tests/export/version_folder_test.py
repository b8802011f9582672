"""Version directories, numbered and never overwritten."""

import pytest

from gocor_tf.export import version_folder


@pytest.fixture
def complete(tmp_path):
    def make():
        folder = tmp_path / ".new"
        folder.mkdir()
        (folder / "saved_model.pb").write_text("")
        return folder

    return make


def test_version_is_the_next_free_integer(complete, tmp_path):
    first = version_folder.publish(complete(), tmp_path, "shift")
    assert first == tmp_path / "shift" / "1"
    (first.parent / "9").mkdir()
    (first.parent / "notes").mkdir()
    (first.parent / "models.config").write_text("")
    second = version_folder.publish(complete(), tmp_path, "shift")
    assert second.name == "10"
    assert (second / "saved_model.pb").is_file()


def test_version_of_ones_own(complete, tmp_path):
    path = version_folder.publish(complete(), tmp_path, "shift", 20261128)
    assert path == tmp_path / "shift" / "20261128"


@pytest.mark.parametrize("version", [0, -1])
def test_version_below_1_is_refused(tmp_path, version):
    with pytest.raises(ValueError, match="`version` must be > 0"):
        version_folder.check(tmp_path, "shift", version)


def test_version_that_exists_is_kept(complete, tmp_path):
    version_folder.publish(complete(), tmp_path, "shift", 3)
    (tmp_path / "shift" / "3" / "saved_model.pb").write_text("the first")
    folder = complete()
    with pytest.raises(ValueError, match="none is ever overwritten"):
        version_folder.publish(folder, tmp_path, "shift", 3)
    assert (tmp_path / "shift/3/saved_model.pb").read_text() == "the first"
