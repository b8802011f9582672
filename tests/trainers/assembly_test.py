import types

import numpy as np
import pytest

from gocor_tf.data import batches, pair_records
from gocor_tf.data.mixture import Mixture
from gocor_tf.trainers import assembly, strategies
from gocor_tf.trainers.configs.schema import TrainConfig
from tests.data import megadepth_scenes


def _config(**data):
    config = TrainConfig()
    config.data.size = 32
    config.data.canvas_size = 40
    for name, value in data.items():
        setattr(config.data, name, value)
    return config


def test_a_batch_that_replicas_cannot_share_is_refused(monkeypatch):
    monkeypatch.setattr(
        strategies,
        "create_strategy",
        lambda *arguments: types.SimpleNamespace(num_replicas_in_sync=3),
    )
    with pytest.raises(ValueError, match="must be a multiple of 3: 3 replicas"):
        assembly.create_runner(TrainConfig(), source=None)


@pytest.mark.parametrize("law", ["views", "static", "free"])
def test_laws_are_chosen_by_name(image_dir, law):
    images = [str(path) for path in sorted(image_dir.iterdir())]
    config = _config(law=law)
    config.data.free_warp.view_size = 48
    source = assembly.create_source(config, images, seed=0)
    pair = source.render(batches.make_batch(source, range(2)))
    assert pair["flow"].shape == (2, 32, 32, 2)
    again = assembly.create_source(config, images, seed=0)
    np.testing.assert_array_equal(
        source.pair(3)["query"], again.pair(3)["query"]
    )


def test_an_unknown_law_is_refused(image_dir):
    with pytest.raises(ValueError, match="`data.law` must be one of"):
        assembly.create_source(_config(law="none"), [str(image_dir)], seed=0)


def test_warp_consistency_takes_unlabelled_pairs(image_dir):
    config = _config()
    config.loss.name = "warp_consistency"
    config.data.free_warp.view_size = 48
    images = [str(path) for path in sorted(image_dir.iterdir())]
    source = assembly.create_source(config, images, seed=0)
    triplet = source.render(batches.make_batch(source, range(2)))
    assert triplet["warped_reference"].shape == (2, 32, 32, 3)


def test_real_pairs_are_mixed_in(image_dir, tmp_path):
    root = tmp_path / "megadepth"
    megadepth_scenes.write_pair(root, [([10.0, 12.0], [14.0, 9.0])])
    config = _config(law="static")
    config.data.megadepth.root = str(root)
    config.data.megadepth.share = 0.5
    images = [str(path) for path in sorted(image_dir.iterdir())]
    source = assembly.create_source(config, images, seed=0)
    pair = source.render(batches.make_batch(source, range(20)))
    known = np.asarray(pair["mask"]).sum(axis=(1, 2, 3))
    # One pixel of a real pair is known, and many of a synthetic one.
    assert 5 <= np.sum(known > 100) <= 15
    assert np.sum(known == 1) == 20 - np.sum(known > 100)
    assert pair["flow_256"].shape == (20, 256, 256, 2)


def test_rendered_pairs_are_read(image_dir, tmp_path):
    images = [str(path) for path in sorted(image_dir.iterdir())]
    source = assembly.create_source(_config(law="static"), images, seed=0)
    pairs = pair_records.rendered_pairs(source, range(3), batch_size=3)
    records = [
        pair_records.encode_pair(pair, number)
        for number, pair in enumerate(pairs)
    ]
    pair_records.write_shard(
        str(tmp_path / pair_records.shard_name(0, 1)), records
    )
    config = _config(records_dir=str(tmp_path))
    read = assembly.create_source(config, images, seed=0)
    assert read.num_pairs == 3
    assert read.render(batches.make_batch(read, range(2)))["flow"].shape == (
        (2, 32, 32, 2)
    )


def test_compiled_in_stages_pairs_are_the_same(image_dir, tmp_path):
    config = _config(image_dir=str(image_dir), size=64, canvas_size=96)
    config.data.objects.number = 2
    config.data.perturbation.number = (3, 5)
    config.data.mask = "reprojection"
    images = sorted(map(str, image_dir.iterdir()))
    source = assembly.create_source(config, images, seed=0)
    assert len(source.stages) == 5
    mixture = Mixture([source, source], (1, 1))
    for pairs in (source, mixture):
        batch = batches.make_batch(pairs, range(4))
        expected = pairs.render(batch)
        rendered = assembly.compile_render(pairs)(batch)
        assert rendered.keys() == expected.keys()
        for name, value in expected.items():
            # Masks may change at a pixel where rounding decides.
            difference = np.abs(np.asarray(rendered[name]) - np.asarray(value))
            assert np.mean(difference > 0.05) < 1e-3, name
