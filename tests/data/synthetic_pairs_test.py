import cv2
import numpy as np
import pytest

from gocor_tf.data.synthetic_pairs import SyntheticPairs
from gocor_tf.ops import warp

SIZE = 48
PLAIN = {
    "brightness": 0.0,
    "contrast": 0.0,
    "saturation": 0.0,
    "hue": 0.0,
    "color_cast": 0.0,
    "tone": 0.0,
    "grey_probability": 0.0,
    "blur_probability": 0.0,
    "noise": 0.0,
}


def _photographs(number=5):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (number, 80, 100, 3), dtype="uint8")
    images = [cv2.GaussianBlur(image, (0, 0), 5) for image in noise]
    return [cv2.normalize(i, None, 0, 255, cv2.NORM_MINMAX) for i in images]


def _pairs(images=None, **arguments):
    settings = {"batch_size": 4, "size": SIZE, "canvas_size": 64}
    images = _photographs() if images is None else images
    return SyntheticPairs(images, **{**settings, **arguments})


def _render(pairs, step=0):
    rendered = pairs.render(pairs.batch(step))
    return {name: np.asarray(value) for name, value in rendered.items()}


def _assert_same(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def test_a_batch_depends_on_arguments_and_step_alone():
    pairs = _pairs(seed=3)
    first = [pairs.batch(step) for step in range(3)]
    _assert_same(pairs.batch(1), first[1])
    _assert_same(_pairs(seed=3).batch(2), first[2])
    _assert_same(_pairs(seed=3, cache_megabytes=0).batch(2), first[2])
    for other in (first[0], _pairs(seed=4).batch(1)):
        assert np.any(other["view"] != first[1]["view"])


def test_each_epoch_visits_every_photograph_in_another_order():
    images = [np.full((64, 64, 3), n, "uint8") for n in range(12)]
    pairs = _pairs(images)
    colors = [
        pairs.batch(step)["query_canvas"][:, 0, 0, 0].tolist()
        for step in range(6)
    ]
    epochs = sum(colors[:3], []), sum(colors[3:], [])
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(12))
    assert epochs[0] != epochs[1]


def test_shapes_types_and_ranges():
    rendered = _render(_pairs())
    assert {k: v.shape for k, v in rendered.items()} == {
        "reference": (4, SIZE, SIZE, 3),
        "query": (4, SIZE, SIZE, 3),
        "flow": (4, SIZE, SIZE, 2),
        "valid": (4, SIZE, SIZE, 1),
    }
    assert {v.dtype.name for v in rendered.values()} == {"float32"}
    for role in ("reference", "query"):
        assert 0 <= rendered[role].min() < rendered[role].max() <= 255
    assert set(np.unique(rendered["valid"])) <= {0.0, 1.0}


@pytest.mark.parametrize(
    "ranges", [{}, {"rotation_probability": 1.0, "zoom_probability": 1.0}]
)
def test_the_query_warped_by_the_flow_looks_like_the_reference(ranges):
    rendered = _render(_pairs(batch_size=16, **PLAIN, **ranges))
    warped = np.asarray(warp(rendered["query"], rendered["flow"]))
    valid = rendered["valid"]
    difference = np.abs(warped - rendered["reference"]).mean(-1, keepdims=True)
    shifted = np.roll(rendered["reference"], 3, axis=2)
    baseline = np.abs(warped - shifted).mean(-1, keepdims=True)
    assert valid.mean() > 0.3
    assert (valid * difference).sum() / valid.sum() < 2.0
    assert (valid * baseline).sum() / valid.sum() > 6.0


def test_valid_pixels_match_inside_the_query_and_show_the_canvas():
    images = [np.full((80, 80, 3), 200, "uint8")]
    rendered = _render(_pairs(images, view_extent=(1.0, 1.0), **PLAIN))
    valid = rendered["valid"][..., 0] > 0
    grid = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE)), axis=-1)
    matches = (rendered["flow"] + grid)[valid]
    assert matches.min() > -1e-3 and matches.max() < SIZE - 1 + 1e-3
    np.testing.assert_allclose(rendered["reference"][valid], 200, atol=0.1)
    assert rendered["reference"].min() == 0


def test_noise_differs_between_images_and_pairs():
    images = [np.full((80, 80, 3), 128, "uint8")]
    only_noise = {**PLAIN, "noise": 20.0, "view_extent": (0.3, 0.3)}
    rendered = _render(_pairs(images, **only_noise))
    noise = [rendered["reference"][0], rendered["query"][0]]
    noise += [rendered["reference"][1], rendered["query"][1]]
    noise = np.stack([n[16:32, 16:32].ravel() for n in noise])
    correlation = np.corrcoef(noise) - np.eye(4)
    assert np.abs(correlation).max() < 0.15


def test_minified_views_are_blurred_first():
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (256, 256, 3), dtype="uint8")]
    sharp, blurred = (
        _pairs(images, canvas_size=192, size=size, **PLAIN).batch(0)
        for size in (192, 24)
    )
    assert blurred["query_canvas"].std() < 0.3 * sharp["query_canvas"].std()


def test_large_photographs_are_kept_small():
    images = [np.zeros((1000, 2000, 3), "uint8")]
    pairs = _pairs(images, crop_range=(0.5, 1.0))
    assert pairs.batch(0)["query_canvas"].shape == (4, 64, 64, 3)
    assert [i.shape for i in pairs._cache.values()] == [(128, 256, 3)]


def test_a_folder_gives_the_same_pairs_as_its_files(tmp_path):
    for number, image in enumerate(_photographs(3)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
    (tmp_path / "broken.png").write_bytes(b"")
    paths = [str(tmp_path / f"{number}.png") for number in range(3)]
    from_folder = _pairs(tmp_path).batch(1)
    _assert_same(from_folder, _pairs(paths, cache_megabytes=0).batch(1))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "`batch_size` must be > 0"),
        ({"crop_range": (0.0, 1.0)}, ValueError, "`crop_range` must be"),
        ({"images": []}, ValueError, "`images` must be a folder or a list"),
        ({"images": "/none"}, ValueError, "`image_dir` must be a folder"),
        ({"images": [np.zeros((4, 4))]}, ValueError, r"`images\[0\]` must be"),
        ({"seed": -1}, ValueError, "`seed` must be >= 0"),
        ({"zooom": 2.0}, TypeError, "must be fields of .* zooom"),
    ],
)
def test_impossible_arguments_are_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        _pairs(**arguments)
