import pytest
import tensorflow as tf

from gocor_tf.data.tfrecord_index import find_records

RECORDS = [b"one", b"", b"three" * 100]


def _write(path):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in RECORDS:
            writer.write(record)
    return path


def test_records_are_where_tensorflow_wrote_them(tmp_path):
    path = _write(tmp_path / "a.tfrecord")
    data = path.read_bytes()
    found = [data[start : start + n] for start, n in find_records(path)]
    assert found == RECORDS


def test_an_empty_file_has_no_records(tmp_path):
    (tmp_path / "a.tfrecord").write_bytes(b"")
    assert not list(find_records(tmp_path / "a.tfrecord"))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-1],
        lambda data: data[:17],
        lambda data: data + b"x",
        lambda data: b"\x04" + data[1:],
        lambda data: bytes(len(data)),
    ],
)
def test_another_file_is_an_error(tmp_path, change):
    path = _write(tmp_path / "a.tfrecord")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=r"a\.tfrecord': it is cut short, or"):
        list(find_records(path))


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"b\.tfrecord': No such file"):
        list(find_records(tmp_path / "b.tfrecord"))
