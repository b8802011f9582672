import os

import cv2
import numpy as np
import pytest

from gocor_tf.data.augmentation import AppearanceRanges
from gocor_tf.data.batches import make_batch
from gocor_tf.data.free_warps import FreeWarps
from gocor_tf.data.moving_objects import ObjectRanges
from gocor_tf.data.perturbations import PerturbationRanges
from gocor_tf.data.random_warps import ViewWarps
from gocor_tf.data.static_warps import KINDS
from gocor_tf.data.synthetic_pairs import MASKS, SyntheticPairs
from gocor_tf.data.warp_table import WarpTable, write_table
from gocor_tf.ops import warp

SIZE = 48
PLAIN = AppearanceRanges(probability=0.0)


def _photographs(number=5):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (number, 80, 100, 3), dtype="uint8")
    images = [cv2.GaussianBlur(image, (0, 0), 5) for image in noise]
    return [cv2.normalize(i, None, 0, 255, cv2.NORM_MINMAX) for i in images]


def _pairs(images=None, law=None, **arguments):
    images = _photographs() if images is None else images
    law = law or ViewWarps(canvas_size=64)
    return SyntheticPairs(images, **{"size": SIZE, "law": law, **arguments})


def _batch(pairs, step=0, number=4):
    return make_batch(pairs, range(step * number, (step + 1) * number))


def _render(pairs, number=4):
    rendered = pairs.render(_batch(pairs, number=number))
    return {name: np.asarray(value) for name, value in rendered.items()}


def _assert_same(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def _error(rendered):
    """Returns the mean |warped query - reference| where it is valid."""
    warped = np.asarray(warp(rendered["query"], rendered["flow"]))
    difference = np.abs(warped - rendered["reference"]).mean(-1, keepdims=True)
    valid = rendered["valid"]
    return (valid * difference).sum() / valid.sum()


def test_a_pair_depends_on_arguments_and_number_alone():
    pairs = _pairs(seed=3)
    first = [pairs.pair(number) for number in range(3)]
    _assert_same(pairs.pair(1), first[1])
    _assert_same(_pairs(seed=3).pair(2), first[2])
    _assert_same(_pairs(seed=3, cache_megabytes=0).pair(2), first[2])
    for other in (first[0], _pairs(seed=4).pair(1)):
        assert np.any(other["view"] != first[1]["view"])


def test_each_epoch_visits_every_photograph_in_another_order():
    images = [np.full((64, 64, 3), n, "uint8") for n in range(12)]
    pairs = _pairs(images)
    colors = [int(pairs.pair(n)["canvas"][0, 0, 0]) for n in range(24)]
    assert sorted(colors[:12]) == sorted(colors[12:]) == list(range(12))
    assert colors[:12] != colors[12:]


def test_shapes_types_and_ranges():
    rendered = _render(_pairs())
    assert {k: v.shape for k, v in rendered.items()} == {
        "reference": (4, SIZE, SIZE, 3),
        "query": (4, SIZE, SIZE, 3),
        "flow": (4, SIZE, SIZE, 2),
        "valid": (4, SIZE, SIZE, 1),
        "mask": (4, SIZE, SIZE, 1),
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
    rendered = _render(_pairs(law=law, appearance=PLAIN), number=16)
    assert rendered["valid"].mean() > 0.3
    assert _error(rendered) < 2.0
    shifted = np.roll(rendered["reference"], 3, axis=2)
    assert _error({**rendered, "reference": shifted}) > 6.0


@pytest.mark.parametrize("kind", ["homography", "affine", "tps", "affine_tps"])
def test_free_warps_are_exact(kind):
    law = FreeWarps(transformations=(kind,), view_size=70)
    assert _error(_render(_pairs(law=law, appearance=PLAIN))) < 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_published_warps_are_exact(tmp_path, kind):
    for number, image in enumerate(_photographs(12)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
    path = tmp_path / "table.csv"
    write_table(path, [f"{n}.png" for n in range(12)])
    header, *rows = path.read_text().splitlines()
    flag = str(KINDS.index(kind))
    rows = [row for row in rows if row.split(",")[1] == flag]
    path.write_text("\n".join([header, *rows]))
    table = WarpTable(path, tmp_path)
    pairs = _pairs(table.images, law=table, size=96, appearance=PLAIN)
    assert _error(_render(pairs, len(rows))) < 0.5


def test_valid_pixels_match_inside_the_query_and_show_the_canvas():
    images = [np.full((80, 80, 3), 200, "uint8")]
    law = ViewWarps(canvas_size=64, view_extent=(1.0, 1.0))
    rendered = _render(_pairs(images, law, appearance=PLAIN))
    valid = rendered["valid"][..., 0] > 0
    grid = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE)), axis=-1)
    matches = (rendered["flow"] + grid)[valid]
    assert matches.min() > -2e-3 and matches.max() < SIZE - 1 + 2e-3
    np.testing.assert_allclose(rendered["reference"][valid], 200, atol=0.1)
    assert rendered["reference"].min() == 0


def test_an_unmoved_pair_is_valid_everywhere():
    law = FreeWarps(view_size=64, transformations=("tps",), tps_shift=0.0)
    rendered = _render(_pairs(law=law, appearance=PLAIN))
    np.testing.assert_allclose(rendered["flow"], 0, atol=1e-4)
    assert rendered["valid"].min() == 1


@pytest.mark.parametrize("mask", MASKS)
def test_masks_without_objects(mask):
    images = [np.full((80, 80, 3), 200, "uint8")]
    law = FreeWarps(view_size=64, homography_shift=0.9)
    pairs = _pairs(images, law, appearance=PLAIN, mask=mask)
    rendered = _render(pairs)
    in_view = np.asarray(pairs._geometry.in_view(rendered["flow"]))
    shown = rendered["reference"][..., :1] > 199.999
    expected = {
        "valid": in_view,
        "none": np.ones_like(in_view),
        "zero_border": shown,
        "occlusion": in_view,
        "reprojection": np.ones_like(in_view),
    }
    assert shown.mean() < 0.99
    np.testing.assert_array_equal(rendered["mask"], expected[mask])


def test_pairs_with_hardly_anything_in_view_train_on_that():
    law = FreeWarps(
        view_size=96, transformations=("affine",), shift=0.9, scale=0.0
    )
    pairs = _pairs(law=law, appearance=PLAIN, mask="zero_border")
    rendered = _render(pairs, number=32)
    share = rendered["valid"].mean(axis=(1, 2, 3))
    few = share < 0.1
    assert 0 < few.sum() < 32
    np.testing.assert_array_equal(rendered["mask"][few], rendered["valid"][few])
    more = rendered["mask"][~few].mean(axis=(1, 2, 3)) > share[~few]
    assert more.any()


def test_bent_references_still_match_their_flow():
    law = FreeWarps(view_size=96)
    bends = PerturbationRanges(number=(8, 8), min_alpha=3.0)
    plain, bent = (
        _render(_pairs(law=law, size=80, appearance=PLAIN, perturbation=p))
        for p in (None, bends)
    )
    moved = np.linalg.norm(bent["flow"] - plain["flow"], axis=-1)
    assert 1 < moved.max() < 20
    # Places are bent here and there, not everywhere.
    assert 0.02 < (moved > 0.1).mean() < 0.8
    np.testing.assert_array_equal(bent["query"], plain["query"])
    assert _error(bent) < 0.5
    mixed = {**bent, "flow": plain["flow"], "valid": moved[..., None] > 1}
    assert _error(mixed) > 1


class _Disks:
    """Cut-outs of one colour, so that they are found again."""

    def cut_out(self, rng):
        patch = np.zeros((17, 17, 4), "uint8")
        cv2.circle(patch, (8, 8), 8, (255, 0, 255, 255), -1)
        return patch


@pytest.mark.parametrize("mask", MASKS)
def test_moving_objects_and_their_masks(mask):
    images = [np.full((80, 80, 3), 100, "uint8")]
    arguments = {
        "law": FreeWarps(view_size=56, transformations=("homography",)),
        "appearance": PLAIN,
        "mask": mask,
    }
    background = _render(_pairs(images, **arguments), 8)
    rendered = _render(
        _pairs(
            images,
            **arguments,
            objects=ObjectRanges(number=2, probability=1.0),
            cut_outs=_Disks(),
        ),
        8,
    )
    on_object = rendered["reference"][..., 1:2] < 40
    moved = (rendered["flow"] != background["flow"]).any(-1, keepdims=True)
    assert 0.05 < on_object.mean() < 0.5
    assert (moved & ~on_object).mean() < 0.02
    # The background does not match an object in the query that hides it.
    warped = np.asarray(warp(rendered["query"], rendered["flow"]))
    wrong = np.abs(warped - rendered["reference"]).max(axis=-1) > 50
    wrong &= rendered["valid"][..., 0] > 0
    counts = rendered["mask"] > 0
    hidden, left = (
        np.mean([cv2.erode(m, np.ones((3, 3))) for m in masks.astype("uint8")])
        for masks in (wrong, wrong & counts[..., 0])
    )
    assert hidden > 0.01
    if mask in ("occlusion", "reprojection"):
        assert left < 0.1 * hidden
    assert counts.mean() > 0.4 and counts.all() == (mask == "none")
    if mask == "zero_border":
        assert counts[moved].all()


def test_appearance_changes_objects_too():
    images = [np.full((80, 80, 3), 100, "uint8")]
    black = AppearanceRanges(
        brightness=0.9, contrast=0.0, blur_probability=0.0, noise=0.0
    )
    pairs = [
        _render(
            _pairs(
                images,
                law=FreeWarps(view_size=64),
                appearance=appearance,
                objects=ObjectRanges(number=1, probability=1.0),
                cut_outs=_Disks(),
            )
        )
        for appearance in (PLAIN, black)
    ]
    assert pairs[0]["reference"].max() == 255
    assert np.any(pairs[1]["reference"].max(axis=(1, 2, 3)) < 200)


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
    rendered = _render(_pairs(images, law, appearance=noisy))
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
        _pairs(images, law, size=size, appearance=PLAIN).pair(0)
        for size in (192, 24)
    )
    assert blurred["canvas"].std() < 0.3 * sharp["canvas"].std()
    assert blurred["query"].std() < 0.3 * sharp["query"].std()


def test_a_folder_gives_the_same_pairs_as_its_files(tmp_path):
    for number, image in enumerate(_photographs(3)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
    (tmp_path / "broken.png").write_bytes(b"")
    paths = [str(tmp_path / f"{number}.png") for number in range(3)]
    from_folder = _pairs(tmp_path).pair(1)
    _assert_same(from_folder, _pairs(paths, cache_megabytes=0).pair(1))


def test_a_photograph_that_is_gone_is_named(tmp_path):
    path = str(tmp_path / "photograph.png")
    cv2.imwrite(path, _photographs(1)[0])
    pairs = _pairs(tmp_path)
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
        _pairs(**arguments)
