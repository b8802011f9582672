import cv2
import numpy as np
import pytest

from gocor_tf.data import warp_formulas
from gocor_tf.data.augmentation import AppearanceRanges
from gocor_tf.data.consistency_triplets import ConsistencyTriplets
from gocor_tf.losses import warp_consistency
from gocor_tf.ops.resize import bilinear_resize
from gocor_tf.ops.warp import warp

SIZE = 32
VIEW = 49
IDENTITY = warp_formulas.solve_splines(warp_formulas.CONTROL_POINTS[None])[0]


class _Homographies:
    """A law: corners are shifted by random amounts, and all by a fixed one."""

    view_size = VIEW

    def __init__(self, spread=0.0, shift=(0.0, 0.0)):
        self.spread = spread
        self.shift = shift

    def draw(self, rng):
        shifts = self.spread * rng.uniform(-1, 1, (4, 2)) + self.shift
        corners = (warp_formulas.CORNERS + shifts)[None]
        return warp_formulas.solve_homographies(corners)[0], IDENTITY


class _Photographs:
    """Pairs of smooth noise, numbered from 0."""

    def images(self, number):
        rng = np.random.default_rng(number)
        noise = rng.integers(0, 255, (2, 80, 100, 3), dtype="uint8")
        images = [cv2.GaussianBlur(image, (0, 0), 5) for image in noise]
        return [cv2.normalize(i, None, 1, 255, cv2.NORM_MINMAX) for i in images]


def _triplets(spread=0.0, shift=(0.0, 0.0), **arguments):
    law = _Homographies(spread, shift)
    return ConsistencyTriplets(
        _Photographs(), law=law, **{"size": SIZE, **arguments}
    )


def _render(triplets, numbers=(0, 1, 2)):
    pairs = [triplets.pair(number) for number in numbers]
    batch = {k: np.stack([pair[k] for pair in pairs]) for k in pairs[0]}
    return {k: np.asarray(v) for k, v in triplets.render(batch).items()}


def test_a_pair_depends_on_arguments_and_number_alone():
    appearance = AppearanceRanges(jpeg_probability=0.5)
    first, again, other_seed = (
        _triplets(0.3, seed=seed, appearance=appearance) for seed in (3, 3, 4)
    )
    first.pair(0)
    expected = first.pair(1)
    for name, value in again.pair(1).items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)
    for other in (first.pair(2), other_seed.pair(1)):
        assert np.any(other["homography"] != expected["homography"])
        assert np.any(other["noise"] != expected["noise"])


def test_shapes_types_and_ranges():
    rendered = _render(_triplets(0.3, appearance=AppearanceRanges()))
    images = ("reference", "query", "warped_reference")
    assert {k: v.shape for k, v in rendered.items()} == {
        **dict.fromkeys(images, (3, SIZE, SIZE, 3)),
        "flow": (3, SIZE, SIZE, 2),
        "valid": (3, SIZE, SIZE, 1),
        "mask": (3, SIZE, SIZE, 1),
    }
    assert {v.dtype.name for v in rendered.values()} == {"float32"}
    for name in images:
        assert 0 <= rendered[name].min() < rendered[name].max() <= 255


def test_the_reference_warped_by_the_flow_is_the_warped_reference():
    rendered = _render(_triplets(0.5), range(8))
    valid = rendered["valid"]
    assert 0.2 < valid.mean() < 0.95
    difference = rendered["warped_reference"] - np.asarray(
        warp(rendered["reference"], rendered["flow"])
    )
    np.testing.assert_allclose(valid * difference, 0, atol=0.02)
    assert np.all(valid <= rendered["mask"])


def test_images_are_stretched_to_the_view_and_cut_out_of_its_centre():
    rendered = _render(_triplets(), [5])
    start = (VIEW - SIZE) // 2
    inside = slice(start, start + SIZE)
    roles = zip(("reference", "query"), _Photographs().images(5), strict=True)
    for name, image in roles:
        view = cv2.resize(image, (VIEW, VIEW), interpolation=cv2.INTER_AREA)
        np.testing.assert_array_equal(rendered[name][0], view[inside, inside])
    np.testing.assert_allclose(rendered["flow"], 0, atol=1e-4)
    np.testing.assert_allclose(
        rendered["warped_reference"], rendered["reference"], atol=0.02
    )
    assert rendered["mask"].all()


def test_beyond_the_photograph_its_border_is_repeated_and_masked():
    # Half of the view to the right: 24 px, and 8 px surround the centre.
    rendered = _render(_triplets(shift=(1.0, 0.0)), [0])
    np.testing.assert_allclose(rendered["flow"][..., 0], 24, atol=1e-3)
    np.testing.assert_allclose(rendered["flow"][..., 1], 0, atol=1e-3)
    start = (VIEW - SIZE) // 2
    mask = np.arange(SIZE) + start + 24 < VIEW - 1
    assert np.all(rendered["mask"][0, ..., 0] == mask)
    valid = np.arange(SIZE) + 24 <= SIZE - 1
    np.testing.assert_array_equal(
        rendered["valid"][0, 1:-1, :, 0], [valid] * 30
    )
    warped = rendered["warped_reference"][0]
    np.testing.assert_allclose(
        warped[:, 17:], warped[:, 16:17] + np.zeros(15)[:, None], atol=1e-3
    )
    assert warped.min() >= 1


def test_only_the_warped_image_changes_its_appearance():
    plain = _render(_triplets(0.3))
    changed = _render(_triplets(0.3, appearance=AppearanceRanges()))
    for name in set(plain) - {"warped_reference"}:
        np.testing.assert_array_equal(plain[name], changed[name])
    difference = np.abs(plain["warped_reference"] - changed["warped_reference"])
    assert difference.mean() > 5


def test_noise_has_the_drawn_level_and_blur_comes_before_it():
    still = dict.fromkeys(
        ("brightness", "contrast", "saturation", "color_cast", "tone"), 0.0
    )
    still = {**still, "hue": 0.0, "grey_probability": 0.0}
    plain = _render(_triplets())["warped_reference"]
    noisy = AppearanceRanges(noise=8.0, blur_probability=0.0, **still)
    triplets = _triplets(appearance=noisy)
    levels = [triplets.pair(number)["noise_level"] for number in range(3)]
    noise = _render(triplets)["warped_reference"] - plain
    middle = np.abs(plain - 128) < 64
    for row, level in enumerate(levels):
        assert noise[row][middle[row]].std() == pytest.approx(level, rel=0.1)
    blurred = AppearanceRanges(
        noise=0.0, blur_probability=1.0, blur=(3.0, 3.0), **still
    )
    soft = _render(_triplets(appearance=blurred))["warped_reference"]
    assert soft.std() < 0.9 * plain.std()


def test_a_network_that_knows_the_flow_has_no_loss():
    """The query is the reference here, so the way by it is the flow, then 0."""
    rendered = _render(_triplets(0.3))
    flow = np.asarray(bilinear_resize(rendered["flow"], (8, 8)))
    known = {"flow_level_3": flow}
    passes = [known, {"flow_level_3": 0 * flow}, known]
    loss, _ = warp_consistency.warp_consistency_loss(
        passes, rendered["flow"], rendered["mask"], (1.0,)
    )
    assert float(loss) == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 64}, "`size` must be > 1 and fit into .* 49 pixels"),
        ({"size": 1}, "`size` must be > 1"),
        ({"seed": -1}, "`seed` must be >= 0"),
    ],
)
def test_impossible_arguments_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        _triplets(**arguments)
