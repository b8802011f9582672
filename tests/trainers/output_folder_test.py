import pytest

from gocor_tf.trainers import output_folder


def test_folders_are_made(tmp_path):
    output_folder.create(tmp_path / "a" / "b", "output_dir")
    output_folder.create(tmp_path / "a" / "b", "output_dir")
    output_folder.create_parent(tmp_path / "c" / "d.json", "output")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c"]
    assert not any((tmp_path / "c").iterdir())


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(ValueError, match="`--output_dir` must be a folder"):
        output_folder.create(tmp_path / "a" / "b", "output_dir")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ValueError, match="`--output` must name a file"):
        output_folder.create_parent(tmp_path, "output")
