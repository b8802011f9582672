import numpy as np

from gocor_tf.data.appearance import ImageAppearance
from gocor_tf.data.augmentation import AppearanceRanges


def _stack(drawn):
    return {name: np.asarray(value)[None] for name, value in drawn.items()}


def test_draws_have_what_is_applied():
    appearance = ImageAppearance(
        AppearanceRanges(jpeg_probability=1.0, blur_probability=1.0), 16
    )
    drawn, sigma = appearance.draw(np.random.default_rng(0))
    assert drawn["noise"].shape == (16, 16, 3)
    assert 0.2 <= sigma <= 1.5 and 30 <= drawn["jpeg"] <= 90
    image = np.full((1, 16, 16, 3), 128, "float32")
    changed = np.asarray(appearance.apply(image, _stack(drawn)))
    assert changed.shape == image.shape and np.abs(changed - image).max() > 1
    # Compressed images have whole grey levels.
    np.testing.assert_allclose(changed, np.round(changed), atol=1e-4)


def test_noise_has_the_drawn_standard_deviation():
    ranges = AppearanceRanges(noise=10.0)
    appearance = ImageAppearance(ranges, 64)
    drawn, _ = appearance.draw(np.random.default_rng(0))
    drawn |= {"color": np.eye(4, 3, dtype="float32"), "tone": np.float32(0)}
    image = np.full((1, 64, 64, 3), 128, "float32")
    noise = np.asarray(appearance.apply(image, _stack(drawn))) - image
    np.testing.assert_allclose(noise.std(), drawn["noise_level"], rtol=0.05)


def test_probability_zero_draws_nothing():
    appearance = ImageAppearance(AppearanceRanges(probability=0.0), 16)
    assert appearance.draw(np.random.default_rng(0)) == ({}, 0.0)
    image = np.zeros((1, 16, 16, 3))
    assert appearance.apply(image, {}) is image
