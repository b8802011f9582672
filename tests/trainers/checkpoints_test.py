import resource

import numpy as np
import pytest

from gocor_tf.trainers.checkpoints import Checkpoints


def _save(checkpoints, step):
    arrays = [np.full((2, 3), step, "float32"), np.array(step / 2)]
    checkpoints.save(step, arrays, {"seconds": step / 10})


def test_restores_what_was_saved(tmp_path):
    checkpoints = Checkpoints(tmp_path / "new", keep=2)
    assert checkpoints.restore() is None
    _save(checkpoints, 7)
    step, arrays, facts = Checkpoints(tmp_path / "new", keep=2).restore()
    assert (step, facts) == (7, {"seconds": 0.7})
    np.testing.assert_array_equal(arrays[0], np.full((2, 3), 7, "float32"))
    assert arrays[0].dtype == "float32"
    assert arrays[1] == 3.5


def test_keeps_the_newest(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    for step in (8, 9, 10, 11):
        _save(checkpoints, step)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["step_000000010.npz", "step_000000011.npz"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: data.replace(b"\0\0\0@", b"\0\0\0A"),
    ],
)
def test_damaged_checkpoint_falls_back_to_the_one_before(
    tmp_path, caplog, damage
):
    checkpoints = Checkpoints(tmp_path, keep=3)
    _save(checkpoints, 1)
    _save(checkpoints, 2)
    newest = tmp_path / "step_000000002.npz"
    newest.write_bytes(damage(newest.read_bytes()))
    with caplog.at_level("WARNING"):
        assert checkpoints.restore()[0] == 1
    assert "is damaged" in caplog.text


def test_half_written_files_are_removed(tmp_path):
    leftover = tmp_path / ".abc.step_000000002.npz"
    leftover.write_bytes(b"half")
    Checkpoints(tmp_path, keep=1)
    assert not leftover.exists()


def test_keeping_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match="`keep_checkpoints` must be > 0"):
        Checkpoints(tmp_path, keep=0)


def test_a_disk_without_room_leaves_the_checkpoint_before(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    _save(checkpoints, 1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))
    try:
        with pytest.raises(OSError, match="Cannot write checkpoint .* whole"):
            _save(checkpoints, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == ["step_000000001.npz"]
    assert checkpoints.restore()[0] == 1
