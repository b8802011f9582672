import os

import keras
import numpy as np
import pytest
from absl import app

from gocor_tf.data import batches, pair_records, pictures
from gocor_tf.trainers import assembly, render_lib
from gocor_tf.trainers.configs import schema
from gocor_tf.trainers.workforce import Workforce, read_lines


@pytest.fixture
def config(image_dir):
    config = schema.TrainConfig()
    config.data.image_dir = str(image_dir)
    config.data.size = 32
    config.data.canvas_size = 48
    return config


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(render_lib, "PAIRS_PER_SHARD", 3)


def render(config, workdir, num_pairs=4):
    return render_lib.render(config, workdir, num_pairs, Workforce("local"))


def read_shards(workdir):
    return [path.read_bytes() for path in sorted(workdir.glob("*.tfrecord"))]


def test_pairs_are_those_of_training(config, image_dir, tmp_path):
    workdir = tmp_path / "pairs"
    text = render(config, workdir)
    assert text.startswith(f"4 pairs in 2 shards in {workdir}, 4 of them new")
    records = pair_records.PairRecords(workdir)
    assert (records.num_pairs, records.size) == (4, 32)
    images = sorted(map(str, image_dir.iterdir()))[:2]
    source = assembly.create_source(config, images, config.seed)
    expected = source.render(batches.make_batch(source, [3]))
    expected = {k: keras.ops.convert_to_numpy(v) for k, v in expected.items()}
    pairs = [records.pair(number) for number in range(4)]
    differences = [np.abs(p["flow"] - expected["flow"][0]) for p in pairs]
    place = np.argmin([np.max(difference) for difference in differences])
    np.testing.assert_allclose(differences[place], 0, atol=1e-3)
    difference = pairs[place]["query"] - expected["query"][0]
    np.testing.assert_allclose(difference, 0, atol=0.51)


def test_shards_do_not_change_pairs(config, tmp_path, monkeypatch):
    render(config, tmp_path / "3")
    monkeypatch.setattr(render_lib, "PAIRS_PER_SHARD", 4)
    render(config, tmp_path / "4")
    two = b"".join(read_shards(tmp_path / "3"))
    assert two == b"".join(read_shards(tmp_path / "4"))


def test_a_rerun_renders_what_is_missing(config, tmp_path):
    render(config, tmp_path)
    shards = read_shards(tmp_path)
    (tmp_path / pair_records.shard_name(1, 2)).unlink()
    assert "1 of them new" in render(config, tmp_path)
    assert read_shards(tmp_path) == shards


def test_a_full_disk_leaves_no_partial_shard(config, tmp_path, monkeypatch):
    encode = pair_records.encode_pair

    def fail(rendered, number):
        if number == 1:
            raise OSError("No space left on device")
        return encode(rendered, number)

    monkeypatch.setattr(pair_records, "encode_pair", fail)
    with pytest.raises(OSError, match="No space left"):
        render(config, tmp_path / "pairs")
    assert sorted(os.listdir(tmp_path / "pairs")) == [
        "photographs.jsonl",
        "render.json",
    ]


def test_broken_photographs_are_rejected(config, image_dir, tmp_path):
    (image_dir / "broken.jpg").write_bytes(b"\xff\xd8 nothing")
    render(config, tmp_path / "pairs")
    (row,) = read_lines(tmp_path / "pairs" / "rejected.jsonl")
    assert row["file"] == "broken.jpg"
    assert "cut short or damaged" in row["reason"]


def test_tiny_photographs_are_rejected(image_dir):
    worker = render_lib.PhotographWorker(image_dir)
    assert worker("0.png") is None
    pictures.write_png(image_dir / "tiny.png", np.zeros((8, 9, 3), "uint8"))
    assert "8 x 9 pixels, too small" in worker("tiny.png")


def test_a_photograph_that_breaks_later(config, image_dir, tmp_path):
    workdir = tmp_path / "pairs"
    render(config, workdir, num_pairs=2)
    (workdir / pair_records.shard_name(0, 1)).unlink()
    (image_dir / "0.png").write_bytes(b"")
    text = render(config, workdir, num_pairs=2)
    assert text.startswith("1 pairs in 1 shards")
    (row,) = read_lines(workdir / "rejected.jsonl")
    assert row["pair"] in (0, 1) and "it is empty" in row["reason"]
    assert pair_records.PairRecords(workdir).num_pairs == 1


def test_all_photographs_break_later(config, image_dir, tmp_path):
    workdir = tmp_path / "pairs"
    render(config, workdir, num_pairs=1)
    (workdir / pair_records.shard_name(0, 1)).unlink()
    for path in image_dir.iterdir():
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="Cannot make any pair.*it is empty"):
        render(config, workdir, num_pairs=1)


def test_other_pairs_need_another_folder(config, tmp_path):
    render(config, tmp_path, num_pairs=1)
    config.data.batch_size = 5
    render(config, tmp_path, num_pairs=1)
    config.data.warp.rotation = 10.0
    with pytest.raises(app.UsageError, match="data.warp.rotation was 180.0"):
        render(config, tmp_path, num_pairs=1)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("image_dir", "missing", "`data.image_dir` must be a folder"),
        ("law", "none", "`data.law` must be one of"),
    ],
)
def test_wrong_data(config, tmp_path, field, value, message):
    setattr(config.data, field, value)
    with pytest.raises(app.UsageError, match=message):
        render(config, tmp_path)


def test_pairs_are_rendered_once(config, tmp_path, monkeypatch):
    render(config, tmp_path / "pairs")
    records = pair_records.PairRecords(tmp_path / "pairs")
    monkeypatch.setattr(assembly, "create_source", lambda *_: records)
    with pytest.raises(app.UsageError, match="`data.records_dir` must be"):
        render(config, tmp_path / "again")


def test_other_wrong_usage(config, tmp_path):
    with pytest.raises(app.UsageError, match="`--render` must be > 0"):
        render(config, tmp_path, num_pairs=0)
    config.loss.name = "warp_consistency"
    with pytest.raises(app.UsageError, match="`loss.name` must be one of"):
        render(config, tmp_path)
