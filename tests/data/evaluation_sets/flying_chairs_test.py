import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.flying_chairs import FlyingChairs
from tests.data.evaluation_sets import miniatures_flow

SIZE = (4, 6)
SPLIT = "FlyingChairs_train_val.txt"


def _write(root, split="1\n2\n1\n2\n"):
    """Writes four pairs, of which 2 and 4 are for validation."""
    (root / SPLIT).write_text(split)
    images = {}
    for number in range(1, 5):
        for image in (1, 2):
            name = f"data/{number:05d}_img{image}.ppm"
            images[number, image] = miniatures_flow.write_image(
                root / name, SIZE, 10 * number + image
            )
        path = root / f"data/{number:05d}_flow.flo"
        miniatures_flow.write_flo(path, np.full((*SIZE, 2), (number, -0.5)))
    return images


@pytest.mark.parametrize(
    ("variant", "numbers"), [("val", (2, 4)), ("train", (1, 3))]
)
def test_the_list_splits_the_pairs(tmp_path, variant, numbers):
    _write(tmp_path)
    pairs = FlyingChairs(tmp_path, variant)
    assert pairs.names == [f"0000{number}" for number in numbers]
    assert len(pairs) == 2
    assert pairs[1]["name"] == pairs.names[1]
    with pytest.raises(IndexError):
        pairs[2]


def test_the_first_image_is_the_reference(tmp_path):
    # Line 4 of the list is 2, so pair 00004 is the second of validation.
    images = _write(tmp_path)
    sample = FlyingChairs(tmp_path)[1]
    np.testing.assert_array_equal(sample["reference"], images[4, 1])
    np.testing.assert_array_equal(sample["query"], images[4, 2])
    expected = np.full((*SIZE, 2), (4, -0.5))
    np.testing.assert_array_equal(sample["flow"], expected)
    assert sample["flow"].dtype == np.float64
    assert sample["group"] == "all"


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("1\n3\n", r"Line 2 of '.*train_val\.txt' must be 1.*Received: '3'"),
        ("", r"train_val\.txt' must have at least one line 2.*Received: 0 "),
        ("1\n1\n", r"at least one line 2, for `variant` 'val'\. Received: 2"),
    ],
)
def test_a_malformed_list_is_an_error(tmp_path, split, message):
    _write(tmp_path, split)
    with pytest.raises(ValueError, match=message):
        FlyingChairs(tmp_path)


def test_a_list_that_cannot_be_read_is_an_error(tmp_path):
    (tmp_path / SPLIT).mkdir()
    with pytest.raises(ValueError, match=r"Cannot read '.*_val\.txt': Is a di"):
        FlyingChairs(tmp_path)


@pytest.mark.parametrize(
    "name", [SPLIT, "data/00002_img2.ppm", "data/00004_flow.flo"]
)
def test_what_is_missing_is_listed(tmp_path, name):
    _write(tmp_path)
    miniatures_flow.make_loop(tmp_path / name)
    with pytest.raises(ValueError, match=f"lacks {name}. It should look"):
        FlyingChairs(tmp_path)


def test_a_flow_of_another_size_is_an_error(tmp_path):
    _write(tmp_path)
    path = tmp_path / "data" / "00002_flow.flo"
    miniatures_flow.write_flo(path, np.zeros((4, 7, 2)))
    message = r"Pair of '.*00002_flow\.flo': `flow` must have the size"
    with pytest.raises(ValueError, match=message):
        FlyingChairs(tmp_path)[0]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    _write(tmp_path)
    pairs = FlyingChairs(tmp_path)
    miniatures_flow.cut_short(tmp_path / "data" / "00002_img1.ppm")
    (tmp_path / "data" / "00004_img2.ppm").unlink()
    with pytest.raises(ValueError, match=r"00002_img1\.ppm': it is not an im"):
        pairs[0]
    with pytest.raises(ValueError, match=r"00004_img2\.ppm': No such file"):
        pairs[1]


def test_the_variant_is_checked(tmp_path):
    with pytest.raises(ValueError, match=r"`variant` must be one of \('val'"):
        FlyingChairs(tmp_path, "test")
