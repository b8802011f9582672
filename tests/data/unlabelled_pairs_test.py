import cv2
import numpy as np
import pytest

from gocor_tf.data.unlabelled_pairs import UnlabelledPairs, read_pair_list


def _write(folder, names):
    """Writes images whose grey level is their place in the list."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.full((20, 24, 3), 10 * number, "uint8"))


def _write_list(folder, *rows, header="reference,query"):
    path = folder / "pairs.csv"
    path.write_text("\n".join((header, *rows)) + "\n")
    return str(path)


def _grey_levels(pairs, numbers):
    return [
        tuple(int(image[0, 0, 0]) for image in pairs.images(number))
        for number in numbers
    ]


def test_a_list_pairs_its_rows(tmp_path):
    _write(tmp_path, ["a.png", "b.png", "c.png"])
    path = _write_list(tmp_path, "a.png,c.png", "", "c.png,b.png")
    pairs = UnlabelledPairs(str(tmp_path), path)
    assert len(pairs) == 2
    assert sorted(_grey_levels(pairs, range(2))) == [(0, 20), (20, 10)]
    reference, query = pairs.images(0)
    assert reference.shape == query.shape == (20, 24, 3)
    assert reference.dtype == query.dtype == "uint8"


def test_without_a_list_files_of_a_folder_pair_up_in_order(tmp_path):
    _write(tmp_path, ["x/3.png", "x/1.png", "y/1.png", "x/2.png", "y/2.png"])
    pairs = UnlabelledPairs(tmp_path)
    expected = [(10, 30), (20, 40), (30, 0)]
    assert sorted(_grey_levels(pairs, range(3))) == expected


def test_each_epoch_visits_every_pair_in_another_order(tmp_path):
    _write(tmp_path, [f"{number:02}.png" for number in range(13)])
    pairs = UnlabelledPairs(tmp_path, seed=1)
    epochs = [_grey_levels(pairs, range(12 * e, 12 * e + 12)) for e in (0, 1)]
    assert sorted(epochs[0]) == sorted(epochs[1])
    assert epochs[0] != epochs[1]
    assert _grey_levels(UnlabelledPairs(tmp_path, seed=1), [5]) == [
        epochs[0][5]
    ]
    other = UnlabelledPairs(tmp_path, seed=2)
    assert _grey_levels(other, range(12)) != epochs[0]


@pytest.mark.parametrize("listed", [False, True])
def test_photographs_can_be_held_out(tmp_path, listed):
    names = [f"{number}.png" for number in range(4)]
    _write(tmp_path, names)
    rows = [f"{one},{two}" for one, two in zip(names, names[1:], strict=False)]
    path = _write_list(tmp_path, *rows) if listed else ""
    kept = [str(tmp_path / name) for name in names[:3]]
    pairs = UnlabelledPairs(str(tmp_path), path, images=kept)
    assert sorted(_grey_levels(pairs, range(2))) == [(0, 10), (10, 20)]


def test_a_photograph_that_breaks_later_is_named_with_its_row(tmp_path):
    _write(tmp_path, ["a.png", "b.png"])
    path = _write_list(tmp_path, "a.png,b.png")
    listed = UnlabelledPairs(str(tmp_path), path)
    from_folder = UnlabelledPairs(str(tmp_path))
    (tmp_path / "b.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"Row 2 of '.*pairs.csv': .*b\.png"):
        listed.images(0)
    with pytest.raises(ValueError, match=r"^Cannot read image '.*b\.png'"):
        from_folder.images(0)


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        (["a.png"], "reference,query", "Row 2 of .* must have a reference"),
        (["a.png,b"], "reference,query", "Row 2 of .* photographs.*b' is no"),
        (["a.png,a.png"], "one,other", "first line must be 'reference,query'"),
    ],
)
def test_a_list_with_mistakes_is_an_error(tmp_path, rows, header, message):
    _write(tmp_path, ["a.png"])
    path = _write_list(tmp_path, *rows, header=header)
    with pytest.raises(ValueError, match=message):
        read_pair_list(path, str(tmp_path))


def test_a_list_that_is_no_text_is_an_error(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="it is not CSV"):
        read_pair_list(str(path), str(tmp_path))
    with pytest.raises(ValueError, match="Cannot read pairs .*: No such file"):
        read_pair_list(str(tmp_path / "none.csv"), str(tmp_path))


def test_pairs_there_must_be(tmp_path):
    _write(tmp_path, ["a.png"])
    with pytest.raises(ValueError, match="must have at least one pair"):
        UnlabelledPairs(str(tmp_path))
    with pytest.raises(ValueError, match="must have at least one pair"):
        UnlabelledPairs(str(tmp_path), _write_list(tmp_path))
    with pytest.raises(ValueError, match="`seed` must be >= 0"):
        UnlabelledPairs(str(tmp_path), seed=-1)
