import numpy as np
import pytest

from gocor_tf.data import static_warps, warp_table
from gocor_tf.data.warp_table import WarpTable
from tests.data import published_rows

ZEROS = ["0"] * 18


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def _write(folder, rows, header=warp_table.HEADER):
    path = folder / "table.csv"
    lines = [",".join(row) for row in [header, *rows]]
    path.write_text("\n".join(lines) + "\n")
    return path


def _row(name, kind):
    numbers = published_rows.ROWS[kind][0].split()
    flag = str(static_warps.KINDS.index(kind))
    return [name, flag, *numbers, *ZEROS[len(numbers) :]]


def test_rows_give_photographs_and_warps(folder):
    kinds = ("homography", "tps", "affine")
    rows = [_row(f"{n}.jpg", k) for n, k in zip("bac", kinds, strict=True)]
    table = WarpTable(_write(folder, rows), folder)
    assert [p.rsplit("/", 1)[1][0] for p in table.images] == list("bac")
    for index, kind in enumerate(kinds):
        expected = static_warps.to_pair(
            kind, published_rows.parameters(kind), 64
        )
        sampled = table.sample(None, 64, index)
        for name, value in expected.items():
            np.testing.assert_array_equal(sampled[name], value, err_msg=name)


def test_a_written_table_is_read_again(folder):
    path = folder / "table.csv"
    warp_table.write_table(path, ["a.jpg", "b.jpg", "a.jpg"] * 5, seed=3)
    table = WarpTable(path, folder)
    assert len(table.images) == 15
    for index in range(15):
        rng = np.random.default_rng([3, index])
        kind, parameters = static_warps.draw_parameters(rng)
        sampled = table.sample(None, 64, index)
        expected = static_warps.to_pair(kind, parameters, 64)
        assert sampled["kind"] == kind
        np.testing.assert_allclose(
            sampled["homography"], expected["homography"], atol=1e-6
        )
        np.testing.assert_allclose(
            sampled["spline"], expected["spline"], atol=1e-6
        )


def test_images_are_those_of_the_published_law(folder):
    table = WarpTable(_write(folder, [_row("a.jpg", "affine")]), folder)
    law = static_warps.StaticWarps()
    image = np.ones((30, 40, 3), "uint8")
    for name in ("units", "needed_side"):
        assert getattr(table, name)(64) == getattr(law, name)(64)
    sampled = table.sample(None, 64, 0)
    expected = law.cut(image, sampled, 64)
    for name, value in table.cut(image, sampled, 64).items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["a.jpg", "0"], r"Row 3 of '.*table.csv' must have 20 columns"),
        (["a.jpg", "0", "x", *ZEROS[1:]], "Row 3 .* must have numbers"),
        (["a.jpg", "0", "nan", *ZEROS[1:]], "Row 3 .* must have finite"),
        (["a.jpg", "3", *ZEROS], "Row 3 .* must have a type of 0"),
        (["a.jpg", "2", *ZEROS], "Row 3 .* that can be inverted"),
        (["d.jpg", "0", *ZEROS], "Row 3 .* name a photograph. .*d.jpg"),
    ],
)
def test_wrong_rows_are_named(folder, row, message):
    path = _write(folder, [_row("a.jpg", "tps"), row])
    with pytest.raises(ValueError, match=message):
        WarpTable(path, folder)


def test_other_files_are_refused(folder):
    with pytest.raises(ValueError, match="Cannot read warps .*No such file"):
        WarpTable(folder / "none.csv", folder)
    with pytest.raises(ValueError, match="first line must be 'fname,"):
        WarpTable(_write(folder, [], header=("reference", "query")), folder)
    with pytest.raises(ValueError, match="`path` must have rows"):
        WarpTable(_write(folder, []), folder)
    (folder / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="it is not CSV"):
        WarpTable(folder / "binary.csv", folder)
