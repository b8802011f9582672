import struct

import cv2
import numpy as np
import pytest

from gocor_tf.data.batches import make_batch
from gocor_tf.data.saved_pairs import SavedPairs

SIZE = 12


def _write(folder, numbers=range(6), flow=None, ending=".jpg", size=SIZE):
    """Writes pairs in the published form: 1 is the query (spec's source)."""
    for name in ("images", "flow"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in numbers:
        for image, grey in ((1, 6 * number), (2, 6 * number + 3)):
            name = f"image_{number}_img_{image}{ending}"
            picture = np.full((size, size, 3), grey, "uint8")
            cv2.imwrite(str(folder / "images" / name), picture)
        vectors = np.full((size, size, 2), number, "<f4")
        vectors = vectors if flow is None else flow
        height, width = vectors.shape[:2]
        header = struct.pack("<f2i", 202021.25, width, height)
        path = folder / "flow" / f"image_{number}_flow.flo"
        path.write_bytes(header + vectors.astype("<f4").tobytes())
    return folder


def _numbers(pairs, places):
    return [int(pairs.pair(place)["flow"][0, 0, 0]) for place in places]


def test_img_1_is_the_query_and_img_2_the_reference(tmp_path):
    pairs = SavedPairs(_write(tmp_path, [3]))
    assert (pairs.size, pairs.num_pairs) == (SIZE, 1)
    rendered = pairs.render(make_batch(pairs, [0]))
    rendered = {name: np.asarray(value)[0] for name, value in rendered.items()}
    np.testing.assert_allclose(rendered["query"], 18, atol=1)
    np.testing.assert_allclose(rendered["reference"], 21, atol=1)
    np.testing.assert_array_equal(rendered["flow"], 3)
    assert all(value.dtype == "float32" for value in rendered.values())


def test_png_keeps_the_images(tmp_path):
    pair = SavedPairs(_write(tmp_path, [7], ending=".png")).pair(0)
    np.testing.assert_array_equal(pair["query"], 42)
    np.testing.assert_array_equal(pair["reference"], 45)


@pytest.mark.parametrize("mask", ["valid", "none"])
def test_borders_are_in_view(tmp_path, mask):
    # T-23: 0 <= x + u <= 11 counts. Column 9 lands on 11, column 10 on 12.
    flow = np.zeros((SIZE, SIZE, 2))
    flow[..., 0] = 2
    pairs = SavedPairs(_write(tmp_path, [0], flow), mask=mask)
    rendered = pairs.render(make_batch(pairs, [0]))
    expected = np.zeros((1, SIZE, SIZE, 1))
    expected[:, :, :10] = 1
    np.testing.assert_array_equal(rendered["valid"], expected)
    counted = expected if mask == "valid" else 1
    np.testing.assert_array_equal(rendered["mask"], counted)


def test_each_epoch_visits_every_pair_in_another_order(tmp_path):
    pairs = SavedPairs(_write(tmp_path), seed=1)
    epochs = [_numbers(pairs, range(6 * e, 6 * e + 6)) for e in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(6))
    assert epochs[0] != epochs[1]
    again = SavedPairs(tmp_path, seed=1)
    assert _numbers(again, [9, 2]) == [epochs[1][3], epochs[0][2]]


def test_the_split_is_that_of_the_seed(tmp_path):
    _write(tmp_path, range(40))

    def chosen(**arguments):
        pairs = SavedPairs(tmp_path, split=0.75, **arguments)
        return set(_numbers(pairs, range(pairs.num_pairs)))

    training, held_out = chosen(seed=1), chosen(seed=1, held_out=True)
    assert training | held_out == set(range(40))
    assert not training & held_out
    assert 20 <= len(training) < 40
    assert chosen(seed=1) == training != chosen(seed=2)


def test_several_folders_are_one_sequence(tmp_path):
    folders = [
        _write(tmp_path / "a", range(3)),
        _write(tmp_path / "b", range(3, 5)),
    ]
    pairs = SavedPairs(folders)
    assert sorted(_numbers(pairs, range(5))) == list(range(5))


def test_folders_must_have_the_published_form(tmp_path):
    with pytest.raises(ValueError, match=r"images' is no folder\. Received"):
        SavedPairs(tmp_path)
    _write(tmp_path)
    missing = tmp_path / "images" / "image_2_img_1.jpg"
    missing.unlink()
    with pytest.raises(ValueError, match=r"image_2_img_1\.jpg' is missing, of"):
        SavedPairs(tmp_path)


def test_a_file_that_breaks_or_has_another_size_is_named(tmp_path):
    pairs = SavedPairs(_write(tmp_path, [0]))
    path = tmp_path / "images" / "image_0_img_2.jpg"
    cv2.imwrite(str(path), np.zeros((5, 7, 3), "uint8"))
    with pytest.raises(ValueError, match=r"img_2\.jpg' is 5 x 7\."):
        pairs.pair(0)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"img_2\.jpg': it is empty"):
        pairs.pair(0)


def test_flows_must_be_square(tmp_path):
    flow = np.zeros((SIZE, 5, 2))
    with pytest.raises(ValueError, match=r"square. '.*\.flo' is 12 x 5\."):
        SavedPairs(_write(tmp_path, [0], flow))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "`seed` must be >= 0"),
        ({"split": 1.5}, r"`split` must be in \[0, 1\]"),
        ({"split": 0.0}, "must leave at least one pair. .* with 6 pairs"),
        ({"mask": "all"}, "`mask` must be one of"),
    ],
)
def test_arguments_are_checked(tmp_path, arguments, message):
    _write(tmp_path)
    with pytest.raises(ValueError, match=message):
        SavedPairs(tmp_path, **arguments)
