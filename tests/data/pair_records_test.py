import os
import shutil

import numpy as np
import pytest
import tensorflow as tf

from gocor_tf.data import pair_records
from gocor_tf.data.batches import make_batch
from gocor_tf.data.megadepth import MegaDepthPairs
from gocor_tf.data.pair_records import PairRecords
from tests.data.megadepth_scenes import write_pair
from tests.data.pair_cases import SIZE, create_pairs


def _rendered(numbers, source=None):
    source = source or create_pairs()
    return list(pair_records.rendered_pairs(source, numbers, batch_size=3))


def _write(folder, num_shards=3, pairs_per_shard=2):
    """Writes shards, and returns the pairs."""
    pairs = _rendered(range(num_shards * pairs_per_shard))
    records = [pair_records.encode_pair(p, n) for n, p in enumerate(pairs)]
    for shard in range(num_shards):
        start = shard * pairs_per_shard
        pair_records.write_shard(
            folder / pair_records.shard_name(shard, num_shards),
            records[start : start + pairs_per_shard],
        )
    return pairs


def _shard(folder, shard=1, num_shards=3):
    return folder / pair_records.shard_name(shard, num_shards)


def _check(pair, rendered):
    assert set(pair) == set(rendered)
    for name, value in rendered.items():
        is_image = name in ("reference", "query")
        expected = np.rint(value) if is_image else value
        np.testing.assert_array_equal(pair[name], expected)


def test_a_record_keeps_a_pair(tmp_path):
    (rendered,) = _rendered([5])
    data = pair_records.encode_pair(rendered, 5)
    pair = pair_records.decode_pair(data)
    assert pair.pop("number") == 5
    _check(pair, rendered)
    assert pair["query"].dtype == "uint8"
    assert pair["flow"].dtype == "float32"
    assert pair["valid"].dtype == pair["mask"].dtype == bool
    assert pair_records.encode_pair(rendered, 5) == data


def test_a_record_keeps_sparse_ground_truth(tmp_path):
    write_pair(tmp_path, [((21.4, 10.5), (30.4, 25.0))])
    (rendered,) = _rendered([0], MegaDepthPairs(tmp_path, size=30))
    pair = pair_records.decode_pair(pair_records.encode_pair(rendered, 0))
    del pair["number"]
    _check(pair, rendered)
    assert pair["mask_256"].sum() == 1


def test_records_are_those_of_tensorflow(tmp_path):
    _write(tmp_path)
    records = list(tf.data.TFRecordDataset(str(_shard(tmp_path))))
    numbers = [pair_records.decode_pair(r.numpy())["number"] for r in records]
    assert numbers == [2, 3]


def test_rendered_pairs_come_in_order():
    source = create_pairs()
    rendered = _rendered([4, 0, 3, 1], source)
    expected = source.render(make_batch(source, [4, 0, 3]))
    for row in range(3):
        np.testing.assert_array_equal(
            rendered[row]["flow"], expected["flow"][row]
        )
    assert len(rendered) == 4


def test_a_folder_is_read_as_it_was_rendered(tmp_path):
    expected = _write(tmp_path)
    source = PairRecords(tmp_path)
    assert source.size == SIZE
    assert source.num_pairs == 6
    rendered = source.render(make_batch(source, range(6)))
    rendered = {name: np.asarray(value) for name, value in rendered.items()}
    assert all(value.dtype == "float32" for value in rendered.values())
    matches = set()
    for row in range(6):
        pair = {name: value[row] for name, value in rendered.items()}
        (match,) = (
            number
            for number, one in enumerate(expected)
            if np.array_equal(one["flow"], pair["flow"])
        )
        _check(pair, expected[match])
        matches.add(match)
    assert matches == set(range(6))


def test_each_epoch_has_an_order_of_its_own(tmp_path):
    _write(tmp_path)

    def flows(source, epoch):
        numbers = range(6 * epoch, 6 * epoch + 6)
        return [source.pair(n)["flow"].sum().item() for n in numbers]

    source = PairRecords(tmp_path, seed=1)
    epochs = [flows(source, epoch) for epoch in range(3)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(epochs[2])
    assert not epochs[0] == epochs[1] == epochs[2]
    assert flows(PairRecords(tmp_path, seed=1), 2) == epochs[2]
    assert flows(PairRecords(tmp_path, seed=2), 0) != epochs[0]


def test_a_shard_appears_only_when_it_is_complete(tmp_path):
    def fail():
        yield b"one"
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        pair_records.write_shard(_shard(tmp_path), fail())
    assert not os.listdir(tmp_path)


def test_shards_may_be_empty_and_other_files_beside(tmp_path):
    _write(tmp_path)
    pair_records.write_shard(_shard(tmp_path, 2), [])
    (tmp_path / "rejected.jsonl").write_text("")
    (tmp_path / ".x.pairs-00000-of-00007.tfrecord").write_text("")
    assert PairRecords(tmp_path).num_pairs == 4


def test_a_missing_shard_is_named(tmp_path):
    _write(tmp_path)
    _shard(tmp_path).unlink()
    with pytest.raises(ValueError, match="00001-of-00003.* shard is missing"):
        PairRecords(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data[:5],
        lambda data: b"a foreign file of some length",
    ],
)
def test_a_shard_that_is_cut_short_or_foreign_is_named(tmp_path, change):
    _write(tmp_path)
    path = _shard(tmp_path)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match="00001-of-00003.*it is cut short, or"):
        PairRecords(tmp_path)


def test_a_record_that_is_damaged_is_named(tmp_path):
    _write(tmp_path, num_shards=1)
    path = _shard(tmp_path, 0, 1)
    data = bytearray(path.read_bytes())
    data[-len(data) // 4] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="-of-00001.*', the record at byte"):
        [PairRecords(tmp_path).pair(number) for number in range(2)]


def test_a_record_of_something_else_is_named(tmp_path):
    path = _shard(tmp_path, 0, 1)
    for record in (b"junk", b"", tf.train.Example().SerializeToString()):
        pair_records.write_shard(path, [record])
        with pytest.raises(ValueError, match="-of-00001.*damaged, or no rec"):
            PairRecords(tmp_path)


def test_a_shard_that_disappears_is_named(tmp_path):
    _write(tmp_path)
    source = PairRecords(tmp_path)
    shutil.rmtree(tmp_path)
    with pytest.raises(ValueError, match="-of-00003.*No such file"):
        source.pair(0)


def test_pairs_of_other_sizes_are_named(tmp_path):
    _write(tmp_path, num_shards=2, pairs_per_shard=1)
    (other,) = _rendered([0], create_pairs(size=32))
    record = pair_records.encode_pair(other, 1)
    pair_records.write_shard(_shard(tmp_path, 1, 2), [record])
    source = PairRecords(tmp_path)
    with pytest.raises(ValueError, match="same shapes.*00001-of-00002.*32"):
        [source.pair(number) for number in range(2)]


def test_the_folder_must_have_shards_of_one_run(tmp_path):
    with pytest.raises(ValueError, match="`folder` must be a folder of rend"):
        PairRecords(tmp_path / "none")
    with pytest.raises(ValueError, match="shards of one run.*with shards of n"):
        PairRecords(tmp_path)
    pair_records.write_shard(_shard(tmp_path, 0, 1), [])
    with pytest.raises(ValueError, match="must have shards of at least one p"):
        PairRecords(tmp_path)
    pair_records.write_shard(_shard(tmp_path, 0, 2), [])
    with pytest.raises(ValueError, match=r"with shards of \[1, 2\]"):
        PairRecords(tmp_path)
    with pytest.raises(ValueError, match="`seed` must be >= 0"):
        PairRecords(tmp_path, seed=-1)


def test_what_a_record_cannot_keep_is_an_error():
    (rendered,) = _rendered([0])
    soft = rendered | {"mask": np.full((SIZE, SIZE, 1), 0.5)}
    with pytest.raises(ValueError, match="`mask` must be 0 or 1 everywhere"):
        pair_records.encode_pair(soft, 0)
    with pytest.raises(ValueError, match=r"Received: \['warped_reference'\]"):
        pair_records.encode_pair(rendered | {"warped_reference": 0}, 0)
