import pathlib
import pickle

import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.eth3d import ETH3D
from tests.data.evaluation_sets import miniatures_flow

SIZE = (20, 30)
# Of spec 5.2, in the order of the reader.
SCENES = [
    "lakeside",
    "sand_box",
    "storage_room",
    "storage_room_2",
    "tunnel",
    "delivery_area",
    "electro",
    "forest",
    "playground",
    "terrains",
]
RATES = (3, 5, 7, 9, 11, 13, 15)
IMAGES = "multiview_testing/lakeside/images"
FIRST = "info_ETH3D_files/lakeside_every_5_rate_of_3"


def _pair(points=((10.4, 5.6, 13.0, 4.0),), **changes):
    columns = np.array(points, "float64").reshape(-1, 4).T
    return {
        "source_image": f"{IMAGES}/b.png",
        "target_image": f"{IMAGES}/a.png",
        **dict(zip(("Xt", "Yt", "Xs", "Ys"), columns, strict=True)),
        **changes,
    }


def _write(root, first=None):
    """Writes a pair for each list, but other pairs for the first."""
    (root / "info_ETH3D_files").mkdir()
    for scene in SCENES:
        for rate in RATES:
            name = f"info_ETH3D_files/{scene}_every_5_rate_of_{rate}"
            with open(root / name, "wb") as file:
                pickle.dump([_pair()], file, protocol=3)
    if first is not None:
        with open(root / FIRST, "wb") as file:
            pickle.dump(first, file, protocol=3)
    return [
        miniatures_flow.write_image(root / IMAGES / f"{name}.png", SIZE, seed)
        for seed, name in enumerate("ab")
    ]


def test_pairs_are_grouped_by_rate(tmp_path):
    images = _write(tmp_path, [_pair(), _pair([(1, 2, 3, 4)])])
    pairs = ETH3D(tmp_path)
    assert len(pairs) == 71
    assert pairs.names[:2] == ["rate_3-lakeside-0000", "rate_3-lakeside-0001"]
    assert pairs.names[70] == "rate_15-terrains-0000"
    assert len(set(pairs.names)) == 71
    sample = pairs[70]
    assert (sample["name"], sample["group"]) == (pairs.names[70], "rate_15")
    assert sample["attributes"] == {"rate": 15, "scene": "terrains"}
    np.testing.assert_array_equal(sample["reference"], images[0])
    np.testing.assert_array_equal(sample["query"], images[1])
    with pytest.raises(IndexError):
        pairs[71]


def test_a_point_by_hand(tmp_path):
    # Spec 5.2: at (round(10.4), round(5.6)) = (10, 6) the flow is
    # (13 - 10.4, 4 - 5.6) = (2.6, -1.6).
    _write(tmp_path)
    sample = ETH3D(tmp_path)[0]
    np.testing.assert_array_equal(sample["points"], [[10, 6]])
    np.testing.assert_allclose(sample["flow"], [[2.6, -1.6]])


def test_the_last_point_of_a_pixel_is_kept(tmp_path):
    points = [(0.3, 2, 5, 5), (7, 2, 8, 8), (-0.3, 2, 6, 6), (0.2, 2, 9, 9)]
    _write(tmp_path, [_pair(points)])
    sample = ETH3D(tmp_path)[0]
    np.testing.assert_array_equal(sample["points"], [[0, 2], [7, 2]])
    np.testing.assert_allclose(sample["flow"], [[8.8, 7], [1, 6]])


class _Exploit:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (pathlib.Path(self.path),)


def test_no_code_of_a_list_is_run(tmp_path):
    mark = tmp_path / "was_run"
    _write(tmp_path, [_Exploit(mark)])
    with pytest.raises(ValueError, match=f"{FIRST}': it names .*refused"):
        ETH3D(tmp_path)
    assert not mark.exists()
    pickle.loads((tmp_path / FIRST).read_bytes())
    assert mark.exists()


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], r"of_3' must hold a list of at least one pair\. Received: \[\]"),
        ({"a": 1}, "of_3' must hold a list of at least one pair"),
        ([_pair(), {}], r"Pair 1 of .*must be a dict.*KeyError\('Xt'\)"),
        (["a"], "Pair 0 of .*must be a dict of `source_image`"),
        ([_pair(Xs=[1.0, 2.0])], "equally many finite .*ValueError"),
        ([_pair(Xs=["a"])], "equally many finite .*could not convert"),
        ([_pair(Ys=[np.nan])], r"equally many finite .*Received: .*nan"),
        ([_pair(source_image=3)], r"Pair 0 of .*Received: \(.*, 3\) and"),
    ],
)
def test_a_malformed_list_is_an_error(tmp_path, pairs, message):
    _write(tmp_path, pairs)
    with pytest.raises(ValueError, match=message):
        ETH3D(tmp_path)


@pytest.mark.parametrize(
    "point", [(29.6, 5, 1, 1), (-0.6, 5, 1, 1), (3, 19.6, 1, 1)]
)
def test_a_point_outside_is_an_error(tmp_path, point):
    _write(tmp_path, [_pair(), _pair([(1, 1, 1, 1), point])])
    pairs = ETH3D(tmp_path)
    with pytest.raises(ValueError, match="Pair 1 of .*_of_3': `points` must l"):
        pairs[1]


def test_a_pair_without_points_is_an_error(tmp_path):
    _write(tmp_path, [_pair([])])
    with pytest.raises(ValueError, match="Pair 0 of .*must not be empty"):
        ETH3D(tmp_path)[0]


def test_a_list_cut_short_is_an_error(tmp_path):
    _write(tmp_path)
    miniatures_flow.cut_short(tmp_path / FIRST)
    with pytest.raises(ValueError, match=f"Cannot read '.*{FIRST}': it is dam"):
        ETH3D(tmp_path)


def test_what_is_missing_is_listed(tmp_path):
    _write(tmp_path)
    (tmp_path / FIRST).unlink()
    with pytest.raises(ValueError, match=f"lacks {FIRST}. It should look"):
        ETH3D(tmp_path)


def test_missing_images_are_listed(tmp_path):
    _write(tmp_path)
    miniatures_flow.make_loop(tmp_path / IMAGES / "b.png")
    with pytest.raises(ValueError, match=rf"lacks {IMAGES}/b\.png\. It should"):
        ETH3D(tmp_path)


def test_a_list_that_cannot_be_opened_is_an_error(tmp_path):
    _write(tmp_path)
    (tmp_path / FIRST).unlink()
    (tmp_path / FIRST).mkdir()
    with pytest.raises(ValueError, match=f"Cannot read '.*{FIRST}': Is a dir"):
        ETH3D(tmp_path)


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    _write(tmp_path)
    pairs = ETH3D(tmp_path)
    miniatures_flow.cut_short(tmp_path / IMAGES / "a.png")
    with pytest.raises(
        ValueError, match=r"Pair 0 of .*_3': .*a\.png': it is c"
    ):
        pairs[0]
    (tmp_path / IMAGES / "a.png").unlink()
    with pytest.raises(
        ValueError, match=r"Pair 0 of .*_3': .*a\.png': No such"
    ):
        pairs[0]
