import os

import cv2
import numpy as np
import pytest

from gocor_tf.data.augmentation import AppearanceRanges
from gocor_tf.data.free_warps import FreeWarps
from gocor_tf.data.random_warps import ViewWarps
from gocor_tf.data.static_warps import KINDS
from gocor_tf.data.warp_table import WarpTable, write_table
from tests.data import pair_cases


def _assert_same(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def test_a_pair_depends_on_arguments_and_number_alone():
    pairs = pair_cases.create_pairs(seed=3)
    first = [pairs.pair(number) for number in range(3)]
    _assert_same(pairs.pair(1), first[1])
    _assert_same(pair_cases.create_pairs(seed=3).pair(2), first[2])
    _assert_same(
        pair_cases.create_pairs(seed=3, cache_megabytes=0).pair(2), first[2]
    )
    for other in (first[0], pair_cases.create_pairs(seed=4).pair(1)):
        assert np.any(other["view"] != first[1]["view"])


def test_each_epoch_visits_every_photograph_in_another_order():
    images = [np.full((64, 64, 3), n, "uint8") for n in range(12)]
    pairs = pair_cases.create_pairs(images)
    colors = [int(pairs.pair(n)["canvas"][0, 0, 0]) for n in range(24)]
    assert sorted(colors[:12]) == sorted(colors[12:]) == list(range(12))
    assert colors[:12] != colors[12:]


def test_shapes_types_and_ranges():
    rendered = pair_cases.render(pair_cases.create_pairs())
    assert {k: v.shape for k, v in rendered.items()} == {
        "reference": (4, pair_cases.SIZE, pair_cases.SIZE, 3),
        "query": (4, pair_cases.SIZE, pair_cases.SIZE, 3),
        "flow": (4, pair_cases.SIZE, pair_cases.SIZE, 2),
        "valid": (4, pair_cases.SIZE, pair_cases.SIZE, 1),
        "mask": (4, pair_cases.SIZE, pair_cases.SIZE, 1),
    }
    assert {v.dtype.name for v in rendered.values()} == {"float32"}
    for role in ("reference", "query"):
        assert 0 <= rendered[role].min() < rendered[role].max() <= 255
    assert set(np.unique(rendered["valid"])) <= {0.0, 1.0}


@pytest.mark.parametrize(
    "ranges", [{}, {"rotation_probability": 1.0, "zoom_probability": 1.0}]
)
def test_the_query_warped_by_the_flow_looks_like_the_reference(ranges):
    law = ViewWarps(canvas_size=64, **ranges)
    rendered = pair_cases.render(
        pair_cases.create_pairs(law=law, appearance=pair_cases.PLAIN), number=16
    )
    assert rendered["valid"].mean() > 0.3
    assert pair_cases.photometric_error(rendered) < 2.0
    shifted = np.roll(rendered["reference"], 3, axis=2)
    assert (
        pair_cases.photometric_error({**rendered, "reference": shifted}) > 6.0
    )


@pytest.mark.parametrize("kind", ["homography", "affine", "tps", "affine_tps"])
def test_free_warps_are_exact(kind):
    law = FreeWarps(transformations=(kind,), view_size=70)
    assert (
        pair_cases.photometric_error(
            pair_cases.render(
                pair_cases.create_pairs(law=law, appearance=pair_cases.PLAIN)
            )
        )
        < 0.5
    )


@pytest.mark.parametrize("kind", KINDS)
def test_published_warps_are_exact(tmp_path, kind):
    for number, image in enumerate(pair_cases.photographs(12)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
    path = tmp_path / "table.csv"
    write_table(path, [f"{n}.png" for n in range(12)])
    header, *rows = path.read_text().splitlines()
    flag = str(KINDS.index(kind))
    rows = [row for row in rows if row.split(",")[1] == flag]
    path.write_text("\n".join([header, *rows]))
    table = WarpTable(path, tmp_path)
    pairs = pair_cases.create_pairs(
        table.images, law=table, size=96, appearance=pair_cases.PLAIN
    )
    assert (
        pair_cases.photometric_error(pair_cases.render(pairs, len(rows))) < 0.5
    )


def test_valid_pixels_match_inside_the_query_and_show_the_canvas():
    images = [np.full((80, 80, 3), 200, "uint8")]
    law = ViewWarps(canvas_size=64, view_extent=(1.0, 1.0))
    rendered = pair_cases.render(
        pair_cases.create_pairs(images, law, appearance=pair_cases.PLAIN)
    )
    valid = rendered["valid"][..., 0] > 0
    grid = np.stack(
        np.meshgrid(np.arange(pair_cases.SIZE), np.arange(pair_cases.SIZE)),
        axis=-1,
    )
    matches = (rendered["flow"] + grid)[valid]
    assert matches.min() > -2e-3 and matches.max() < pair_cases.SIZE - 1 + 2e-3
    np.testing.assert_allclose(rendered["reference"][valid], 200, atol=0.1)
    assert rendered["reference"].min() == 0


def test_an_unmoved_pair_is_valid_everywhere():
    law = FreeWarps(view_size=64, transformations=("tps",), tps_shift=0.0)
    rendered = pair_cases.render(
        pair_cases.create_pairs(law=law, appearance=pair_cases.PLAIN)
    )
    np.testing.assert_allclose(rendered["flow"], 0, atol=1e-4)
    assert rendered["valid"].min() == 1


def test_noise_differs_between_images_and_pairs():
    images = [np.full((80, 80, 3), 128, "uint8")]
    noisy = AppearanceRanges(
        brightness=0.0,
        contrast=0.0,
        hue=0.0,
        color_cast=0.0,
        tone=0.0,
        grey_probability=0.0,
        blur_probability=0.0,
        noise=20.0,
    )
    law = ViewWarps(canvas_size=64, view_extent=(0.3, 0.3))
    rendered = pair_cases.render(
        pair_cases.create_pairs(images, law, appearance=noisy)
    )
    noise = [rendered["reference"][0], rendered["query"][0]]
    noise += [rendered["reference"][1], rendered["query"][1]]
    noise = np.stack([n[16:32, 16:32].ravel() for n in noise])
    correlation = np.corrcoef(noise) - np.eye(4)
    assert np.abs(correlation).max() < 0.15


def test_minified_views_are_blurred_first():
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (256, 256, 3), dtype="uint8")]
    law = ViewWarps(canvas_size=192)
    sharp, blurred = (
        pair_cases.create_pairs(
            images, law, size=size, appearance=pair_cases.PLAIN
        ).pair(0)
        for size in (192, 24)
    )
    assert blurred["canvas"].std() < 0.3 * sharp["canvas"].std()
    assert blurred["query"].std() < 0.3 * sharp["query"].std()


def test_a_folder_gives_the_same_pairs_as_its_files(tmp_path):
    for number, image in enumerate(pair_cases.photographs(3)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
    (tmp_path / "broken.png").write_bytes(b"")
    paths = [str(tmp_path / f"{number}.png") for number in range(3)]
    from_folder = pair_cases.create_pairs(tmp_path).pair(1)
    _assert_same(
        from_folder, pair_cases.create_pairs(paths, cache_megabytes=0).pair(1)
    )


def test_a_photograph_that_is_gone_is_named(tmp_path):
    path = str(tmp_path / "photograph.png")
    cv2.imwrite(path, pair_cases.photographs(1)[0])
    pairs = pair_cases.create_pairs(tmp_path)
    os.remove(path)
    with pytest.raises(ValueError, match="photograph.png.*No such file"):
        pairs.pair(0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 1}, "`size` must be > 1"),
        ({"images": []}, "`images` must be a folder or a list"),
        ({"images": "/none"}, "`image_dir` must be a folder"),
        ({"images": [np.zeros((4, 4))]}, r"`images\[0\]` must be"),
        ({"seed": -1}, "`seed` must be >= 0"),
        ({"mask": "all"}, "`mask` must be one of"),
        ({"objects": 1}, "`objects` and `cut_outs` must be given together"),
    ],
)
def test_impossible_arguments_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        pair_cases.create_pairs(**arguments)
