import concurrent.futures

import keras
import numpy as np
import pytest

from gocor_tf.data.batches import make_batch
from gocor_tf.data.megadepth import MegaDepthPairs
from tests.data.megadepth_scenes import write_pair, write_scene

SIZE = 30


def _write_two_scenes(root):
    points = [{n: np.array([n, n + 1.0]) for n in range(3)}] * 5
    images = [((8, 8), 10 * i) for i in range(5)]
    overlap = np.full((5, 5), 0.5)
    for scene in ("0001", "0002"):
        write_scene(root, scene, overlap, points, images)


def _create(root, **arguments):
    return MegaDepthPairs(
        root, **{"size": SIZE, "exchange_probability": 0.0, **arguments}
    )


def _render(pairs, number=0):
    rendered = pairs.render(make_batch(pairs, [number]))
    return {name: np.asarray(value)[0] for name, value in rendered.items()}


def test_a_point_by_hand(tmp_path):
    # Padded to 50 rows, 60 columns; x times 30 / 60, y times 30 / 50:
    # reference (21.4, 10.5) -> (10.7, 6.3), pixel (11, 6)
    # query     (30.4, 25.0) -> (15.2, 15.0), flow (4.5, 8.7)
    # In 256 x 256, times 256 / 30: reference (91.307, 53.76), pixel (91, 54),
    # flow (38.4, 74.24). (Spec 5.4: pad, resize, scale, round, write.)
    write_pair(tmp_path, [((21.4, 10.5), (30.4, 25.0))])
    rendered = _render(_create(tmp_path))
    for name, size, x, y, flow in (
        ("", SIZE, 11, 6, (4.5, 8.7)),
        ("_256", 256, 91, 54, (38.4, 74.24)),
    ):
        mask = np.zeros((size, size, 1))
        mask[y, x] = 1
        np.testing.assert_array_equal(rendered["mask" + name], mask)
        actual = rendered["flow" + name]
        np.testing.assert_allclose(actual[y, x], flow, rtol=1e-5)
        assert np.count_nonzero(actual) == 2
    np.testing.assert_array_equal(rendered["valid"], rendered["mask"])
    assert all(value.dtype == "float32" for value in rendered.values())


def test_images_are_padded_below_and_to_the_right(tmp_path):
    write_pair(tmp_path, [((21.4, 10.5), (30.4, 25.0))])
    rendered = _render(_create(tmp_path))
    # 40 of 50 rows, 48 of 60 columns, of 30: both end at 24.
    for name, grey, rows, columns in (
        ("reference", 100, 24, 30),
        ("query", 200, 30, 24),
    ):
        expected = np.zeros((SIZE, SIZE, 3))
        expected[:rows, :columns] = grey
        np.testing.assert_array_equal(rendered[name], expected)


def test_images_smaller_than_the_pair_are_enlarged(tmp_path):
    write_pair(tmp_path, [((1.0, 2.0), (3.0, 4.0))])
    rendered = _render(_create(tmp_path, size=120))
    assert rendered["reference"].shape == (120, 120, 3)
    # Columns by 120 / 60, rows by 120 / 50: (1, 2) is at (2, 4.8).
    np.testing.assert_allclose(rendered["flow"][5, 2], [4, 4.8], rtol=1e-5)


def test_exchanged_images_have_the_opposite_flow(tmp_path):
    write_pair(tmp_path, [((21.4, 10.5), (30.4, 25.0))])
    rendered = _render(_create(tmp_path, exchange_probability=1.0))
    np.testing.assert_allclose(
        rendered["flow"][15, 15], [-4.5, -8.7], rtol=1e-5
    )
    assert rendered["mask"].sum() == 1
    assert rendered["reference"][0, 0, 0] == 200


def test_about_half_of_the_pairs_are_exchanged(tmp_path):
    write_pair(tmp_path, [((21.4, 10.5), (30.4, 25.0))])
    pairs = _create(tmp_path, exchange_probability=0.5)
    greys = [pairs.pair(n)["reference"][0, 0, 0] for n in range(40)]
    assert 10 < sum(grey == 200 for grey in greys) < 30


def test_both_rounded_points_must_be_inside(tmp_path):
    # Pixels of 60 x 50, halved and times 0.6: 59 -> 29.5, which rounds to 30.
    inside, outside = (10.0, 10.0), (59.0, 10.0)
    write_pair(
        tmp_path,
        [
            (inside, outside),
            (outside, inside),
            ((-1.1, 20.0), (20.0, 20.0)),
            ((58.0, 30.0), (20.0, 20.0)),
        ],
    )
    mask = _render(_create(tmp_path))["mask"]
    assert mask.sum() == mask[18, 29, 0] == 1


def test_the_last_point_of_a_pixel_is_kept(tmp_path):
    write_pair(
        tmp_path,
        [((20.0, 10.0), (n, 20.0)) for n in (30.0, 40.0, 36.0)],
    )
    rendered = _render(_create(tmp_path))
    assert rendered["mask"].sum() == 1
    np.testing.assert_allclose(rendered["flow"][6, 10], [8, 6], rtol=1e-5)


def test_too_many_points_are_thinned_at_random(tmp_path):
    numbers = np.arange(3000)
    points = np.stack([numbers % 60, numbers // 60], axis=-1) + 0.25
    write_pair(tmp_path, [(p, p) for p in points.tolist()])
    pairs = _create(tmp_path, size=400)
    drawn = [pairs.pair(n)["cell"] for n in (0, 1)]
    assert [np.count_nonzero(cell >= 0) for cell in drawn] == [2048] * 2
    assert set(drawn[0]) != set(drawn[1])
    np.testing.assert_array_equal(pairs.pair(0)["cell"], drawn[0])


def test_each_epoch_has_a_new_sample_of_each_scene(tmp_path):
    _write_two_scenes(tmp_path)
    pairs = _create(tmp_path, pairs_per_scene=7, seed=3)
    assert pairs.num_pairs == 14
    samples = [sorted(map(tuple, pairs._epoch(e))) for e in range(2)]
    for sample in samples:
        assert len(set(sample)) == 14
        assert sum(scene == 0 for scene, *_ in sample) == 7
    assert samples[0] != samples[1]


def test_all_pairs_of_a_small_scene_are_taken_in_random_order(tmp_path):
    _write_two_scenes(tmp_path)
    pairs = _create(tmp_path)
    assert pairs.num_pairs == 40
    orders = [pairs._epoch(e).tolist() for e in range(2)]
    assert sorted(orders[0]) == sorted(orders[1]) != orders[0] != orders[1]


def test_a_pair_depends_on_its_number_alone(tmp_path):
    _write_two_scenes(tmp_path)
    one, other = (_create(tmp_path, exchange_probability=0.5) for _ in range(2))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        pairs = list(pool.map(one.pair, range(50)))
    for number in (49, 3, 41):
        expected = other.pair(number)
        for name, value in pairs[number].items():
            np.testing.assert_array_equal(value, expected[name])


def test_scenes_can_be_listed(tmp_path):
    _write_two_scenes(tmp_path)
    (tmp_path / "scenes.txt").write_text("0002\n\n")
    pairs = _create(tmp_path, scenes=tmp_path / "scenes.txt")
    assert pairs.num_pairs == 20
    (tmp_path / "scenes.txt").write_text("0002\n0007\n")
    with pytest.raises(ValueError, match=r"with '0007', but '.*0007\.0\.npz'"):
        _create(tmp_path, scenes=tmp_path / "scenes.txt")
    with pytest.raises(ValueError, match="`scenes` must be a text file"):
        _create(tmp_path, scenes=tmp_path / "none.txt")


def test_rendering_compiles(tmp_path):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("TensorFlow's own")
    import tensorflow as tf

    _write_two_scenes(tmp_path)
    pairs = _create(tmp_path)
    batch = make_batch(pairs, range(3))
    expected = pairs.render(batch)
    signature = {
        name: tf.TensorSpec((None, *value.shape[1:]), value.dtype)
        for name, value in batch.items()
    }
    for jit_compile in (False, True):
        render = tf.function(
            pairs.render,
            input_signature=None if jit_compile else [signature],
            jit_compile=jit_compile,
        )
        for name, value in render(batch).items():
            np.testing.assert_allclose(value, expected[name], rtol=1e-6)


def test_the_folder_must_have_the_published_layout(tmp_path):
    with pytest.raises(ValueError, match="'Undistorted_SfM' and a file 'SC"):
        _create(tmp_path)
    (tmp_path / "scene_info").mkdir()
    with pytest.raises(ValueError, match="Undistorted_SfM' is no folder"):
        _create(tmp_path)
    (tmp_path / "Undistorted_SfM").mkdir()
    with pytest.raises(ValueError, match="must have at least one scene"):
        _create(tmp_path)


def test_pairs_there_must_be(tmp_path):
    _write_two_scenes(tmp_path)
    with pytest.raises(ValueError, match="must leave at least one pair of im"):
        _create(tmp_path, min_overlap=0.5)


def test_a_photograph_that_cannot_be_read_is_named(tmp_path):
    write_pair(tmp_path, [((21.4, 10.5), (30.4, 25.0))])
    pairs = _create(tmp_path)
    path = tmp_path / "Undistorted_SfM" / "0001" / "images" / "1.png"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"^Cannot read image .*images.1\.png"):
        pairs.pair(0)


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("seed", -1, "`seed` must be >= 0"),
        ("size", 1, "`size` must be >= 2"),
        ("pairs_per_scene", 0, "`pairs_per_scene` must be >= 1"),
        ("exchange_probability", 1.5, r"`exchange_probability` must be in \[0"),
    ],
)
def test_arguments_are_checked(tmp_path, argument, value, message):
    with pytest.raises(ValueError, match=message):
        _create(tmp_path, **{argument: value})
