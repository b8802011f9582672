import numpy as np
import pytest

from gocor_tf.data import augmentation

NOTHING = {
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
IMAGE = np.random.default_rng(0).uniform(60, 190, (4, 8, 9, 3))


def _apply(seed=0, **ranges):
    rng = np.random.default_rng(seed)
    drawn = augmentation.sample_appearance(
        rng, 4, augmentation.AppearanceRanges(**{**NOTHING, **ranges})
    )
    drawn.pop("blur")
    noise = rng.standard_normal(IMAGE.shape).astype("float32")
    changed = augmentation.apply_appearance(IMAGE, **drawn, noise=noise)
    return np.asarray(changed)


def test_nothing_drawn_changes_nothing():
    np.testing.assert_allclose(_apply(), IMAGE, atol=1e-3)


@pytest.mark.parametrize(
    "name",
    ["brightness", "contrast", "saturation", "color_cast", "tone"],
)
def test_each_range_changes_something_within_bounds(name):
    changed = _apply(**{name: 0.5})
    assert np.abs(changed - IMAGE).mean() > 1
    assert changed.min() >= 0 and changed.max() <= 255


def test_each_image_gets_its_own_change():
    ratio = (_apply(brightness=0.3) / IMAGE).mean(axis=(1, 2, 3))
    assert np.ptp(ratio) > 0.05


def test_brightness_scales_and_contrast_turns_about_middle_grey():
    ratio = _apply(brightness=0.2) / IMAGE
    assert np.ptp(ratio, axis=(1, 2, 3)).max() < 1e-4
    ratio = (_apply(contrast=0.2) - 127.5) / (IMAGE - 127.5)
    assert np.ptp(ratio, axis=(1, 2, 3)).max() < 2e-2


def test_tone_keeps_black_and_white():
    changed = augmentation.apply_appearance(
        np.array([[[[0, 127.5, 255]]]]),
        np.eye(4, 3, dtype="float32")[None],
        np.float32([0.5]),
        np.float32([0]),
        np.zeros((1, 1, 1, 3), "int8"),
    )
    np.testing.assert_allclose(np.ravel(changed), [0, 159.375, 255])


def test_hue_and_saturation_keep_the_luma():
    luma = [0.299, 0.587, 0.114]
    changed = _apply(hue=20.0, saturation=0.2)
    np.testing.assert_allclose(changed @ luma, IMAGE @ luma, atol=0.1)


def test_grey_images_have_equal_channels():
    changed = _apply(grey_probability=1.0)
    assert np.ptp(changed, axis=-1).max() < 1e-3


def test_noise_has_the_drawn_level():
    rng = np.random.default_rng(0)
    ranges = augmentation.AppearanceRanges(**{**NOTHING, "noise": 8.0})
    level = augmentation.sample_appearance(rng, 4, ranges)["noise_level"]
    assert level.max() <= 8
    spread = (_apply(noise=8.0) - IMAGE).std(axis=(1, 2, 3))
    np.testing.assert_allclose(spread, level, rtol=0.2)


def test_blur_is_drawn_for_some():
    ranges = augmentation.AppearanceRanges(blur_probability=0.5, blur=(1, 2))
    rng = np.random.default_rng(0)
    blur = augmentation.sample_appearance(rng, 100, ranges)["blur"]
    assert 30 < np.count_nonzero(blur) < 70
    assert np.all((blur == 0) | ((blur >= 1) & (blur <= 2)))


def test_jpeg_is_drawn_and_applied_where_it_is_wanted():
    ranges = augmentation.AppearanceRanges(
        jpeg_probability=0.5, jpeg_quality=(20, 21)
    )
    rng = np.random.default_rng(0)
    quality = augmentation.sample_appearance(rng, 100, ranges)["jpeg"]
    assert 30 < np.count_nonzero(quality) < 70
    assert set(quality) == {0, 20, 21}
    changed = _apply(jpeg_probability=1.0, jpeg_quality=(5, 5))
    assert np.abs(changed - IMAGE).mean() > 10
    plain = augmentation.AppearanceRanges()
    assert "jpeg" not in augmentation.sample_appearance(rng, 1, plain)


def test_only_some_images_are_changed():
    ranges = augmentation.AppearanceRanges(
        probability=0.5, blur_probability=1.0, jpeg_probability=1.0
    )
    rng = np.random.default_rng(0)
    drawn = augmentation.sample_appearance(rng, 100, ranges)
    kept = (drawn["color"] == np.eye(4, 3)).all(axis=(1, 2))
    assert 30 < np.count_nonzero(kept) < 70
    for name in ("tone", "noise_level", "blur", "jpeg"):
        np.testing.assert_array_equal(drawn[name] == 0, kept)


def test_nothing_changes_at_probability_zero():
    strong = {"brightness": 0.5, "tone": 0.5, "noise": 20.0}
    changed = _apply(probability=0.0, jpeg_probability=1.0, **strong)
    np.testing.assert_allclose(changed, IMAGE, atol=1e-3)


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"contrast": 1.0}, "`contrast` must be in"),
        ({"blur_probability": 2.0}, "`blur_probability` must be in"),
        ({"blur": (2.0, 1.0)}, "`blur` must be a range"),
        ({"noise": -1.0}, "`noise` must be in"),
        ({"probability": 1.5}, "`probability` must be in"),
        ({"jpeg_quality": (0, 90)}, "`jpeg_quality` must be a range"),
    ],
)
def test_impossible_ranges_are_errors(ranges, message):
    with pytest.raises(ValueError, match=message):
        augmentation.AppearanceRanges(**ranges)
