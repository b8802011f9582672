import cv2
import keras
import numpy as np
import pytest

from gocor_tf.data import flow_io
from gocor_tf.data.batches import make_batch
from gocor_tf.data.megadepth import MegaDepthPairs
from gocor_tf.data.mixture import Mixture
from gocor_tf.data.saved_pairs import SavedPairs
from gocor_tf.ops import flow as flow_ops
from tests.data.megadepth_scenes import write_pair
from tests.data.pair_cases import PLAIN, SIZE, create_pairs


def _synthetic(**arguments):
    return create_pairs(appearance=PLAIN, **arguments)


def _real(folder, **arguments):
    write_pair(folder, [((21.4, 10.5), (30.4, 25.0))])
    return MegaDepthPairs(folder, **{"size": SIZE, **arguments})


def _render(source, numbers):
    rendered = source.render(make_batch(source, numbers))
    return {name: np.asarray(value) for name, value in rendered.items()}


def _saved(folder):
    """Returns a dense source that is quickly rendered."""
    for name in ("images", "flow"):
        (folder / name).mkdir(parents=True)
    for image in (1, 2):
        picture = np.full((SIZE, SIZE, 3), 9 * image, "uint8")
        cv2.imwrite(str(folder / "images" / f"0_img_{image}.png"), picture)
    flow = np.full((SIZE, SIZE, 2), 2.0)
    flow_io.write_flo(folder / "flow" / "0_flow.flo", flow)
    return SavedPairs(folder)


def _first_numbers(mixture, count=3):
    """Returns the numbers of each member's first pairs."""
    numbers = [[] for _ in mixture.members]
    for number in range(100):
        numbers[mixture.locate(number)[0]].append(number)
    return sum((some[:count] for some in numbers), [])


def test_shares_are_exact_in_every_thousand():
    members = [_synthetic(seed=seed) for seed in range(3)]
    mixture = Mixture(members, shares=(2, 1, 1), seed=1)
    for block in range(2):
        numbers = range(1000 * block, 1000 * block + 1000)
        located = [mixture.locate(number)[0] for number in numbers]
        assert np.bincount(located).tolist() == [500, 250, 250]
    # Spread over the block, not one member after the other.
    first = [mixture.locate(number)[0] for number in range(100)]
    assert 35 < first.count(0) < 65


def test_shares_are_rounded_to_the_nearest():
    members = [_synthetic(seed=seed) for seed in range(3)]
    mixture = Mixture(members, shares=(1.0, 1.0, 1.0))
    located = [mixture.locate(number)[0] for number in range(1000)]
    assert sorted(np.bincount(located).tolist()) == [333, 333, 334]


def test_each_member_is_visited_in_its_order_without_gaps():
    members = [_synthetic(), _synthetic()]
    mixture = Mixture(members, shares=(0.7, 0.3))
    own_numbers = ([], [])
    for number in range(2500):
        member, own_number = mixture.locate(number)
        own_numbers[member].append(own_number)
    for numbers in own_numbers:
        assert numbers == list(range(len(numbers)))


def test_the_draw_depends_on_the_seed_and_the_number_alone():
    members = [_synthetic(), _synthetic()]
    mixture = Mixture(members, (1, 1), seed=3)
    located = [mixture.locate(number) for number in range(50)]
    again = Mixture(members, (1, 1), seed=3)
    assert [again.locate(n) for n in reversed(range(50))] == located[::-1]
    other = Mixture(members, (1, 1), seed=4)
    assert [other.locate(n) for n in range(50)] != located


def test_rows_are_the_members_own_pairs():
    members = [_synthetic(seed=1), _synthetic(seed=2, mask="none")]
    mixture = Mixture(members, (1, 1))
    rendered = _render(mixture, _first_numbers(mixture))
    assert set(rendered) == {"reference", "query", "flow", "valid", "mask"}
    expected = [_render(member, range(3)) for member in members]
    for name, value in rendered.items():
        np.testing.assert_allclose(
            value,
            np.concatenate([one[name] for one in expected]),
            rtol=1e-5,
            atol=1e-3,
        )


def test_dense_members_get_flow_for_256_pixels(tmp_path):
    mixture = Mixture([_synthetic(), _real(tmp_path)], (1, 1))
    rendered = _render(mixture, _first_numbers(mixture))
    np.testing.assert_allclose(
        rendered["flow_256"][:3],
        flow_ops.resize_flow(rendered["flow"][:3], (256, 256)),
        rtol=1e-5,
    )
    # A coarse pixel counts if all pixels that it is resized from count.
    masks, coarse = rendered["mask"][:3], rendered["mask_256"][:3]
    assert set(np.unique(coarse)) == {0, 1}
    position = ((np.arange(256) + 0.5) * SIZE / 256 - 0.5).clip(0, SIZE - 1)
    below = np.floor(position).astype(int)
    above = np.ceil(position).astype(int)
    for rows in (below, above):
        for columns in (below, above):
            assert (coarse <= masks[:, rows][:, :, columns]).all()
    assert coarse.mean() > 0.9 * masks.mean() > 0
    assert rendered["mask_256"][3:].sum() == rendered["mask"][3:].sum() == 3


def test_a_mask_can_be_overwritten_by_ones(tmp_path):
    members = [_saved(tmp_path / "saved"), _real(tmp_path)]
    mixture = Mixture(members, (1, 1), overwrite_masks=(True, False))
    plain = Mixture(members, (1, 1))
    numbers = _first_numbers(mixture)
    rendered, unchanged = (_render(m, numbers) for m in (mixture, plain))
    for name in ("mask", "mask_256"):
        assert not unchanged[name][:3].all()
        assert rendered[name][:3].all()
        np.testing.assert_array_equal(rendered[name][3:], unchanged[name][3:])
    np.testing.assert_array_equal(rendered["valid"], unchanged["valid"])


def test_rendering_compiles(tmp_path):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("TensorFlow's own")
    import tensorflow as tf

    mixture = Mixture([_saved(tmp_path / "saved"), _real(tmp_path)], (1, 1))
    batch = make_batch(mixture, _first_numbers(mixture))
    expected = mixture.render(batch)
    for name, value in tf.function(mixture.render)(batch).items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-4, atol=1e-3)


def test_an_epoch_is_that_of_all_members(tmp_path):
    real, synthetic = _real(tmp_path), _synthetic()
    assert real.num_pairs == 1
    mixture = Mixture([real, synthetic], (1, 1))
    assert mixture.num_pairs == 1 + synthetic.num_pairs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"members": []}, "`members` and `shares` must have the same number"),
        ({"shares": (1,)}, "`members` and `shares` must have the same number"),
        ({"shares": (1, 0)}, "`shares` must be positive"),
        ({"shares": (1, -1)}, "`shares` must be positive"),
        ({"shares": (1, 0.0005)}, "each at least 1 in 1000"),
        ({"seed": -1}, "`seed` must be >= 0"),
        ({"overwrite_masks": (True,)}, "have an entry for each of 2 members"),
    ],
)
def test_arguments_are_checked(arguments, message):
    members = [_synthetic(), _synthetic()]
    with pytest.raises(ValueError, match=message):
        Mixture(**{"members": members, "shares": (1, 1), **arguments})


def test_sizes_must_agree():
    members = [_synthetic(), _synthetic(size=32)]
    with pytest.raises(ValueError, match=r"one size. .* sizes \[48, 32\]"):
        Mixture(members, (1, 1))
