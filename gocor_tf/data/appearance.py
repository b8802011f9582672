"""The appearance of single images: draws on the host, applied in the step."""

import numpy as np

from gocor_tf.data import augmentation

_APPLIED = ("color", "tone", "noise_level", "noise", "jpeg")
_NOISE_VALUES = 1 << 22
_NOISE_SCALE = 32.0


class ImageAppearance:
    """Draws from `AppearanceRanges` for one image, noise included.

    Args:
        ranges: `AppearanceRanges`; with probability 0 nothing is drawn and
            nothing changes.
        size: side of the images, in pixels.
        seed: of the noise.
    """

    def __init__(self, ranges, size, seed=0):
        self.ranges = ranges
        self._shape = (size, size, 3)
        self._noise = None
        if ranges.probability:
            noise = np.random.default_rng([seed, 0]).standard_normal(
                max(_NOISE_VALUES, 2 * size * size * 3), dtype="float32"
            )
            noise = np.clip(_NOISE_SCALE * noise, -127, 127)
            self._noise = noise.astype("int8")

    def draw(self, rng):
        """Draws the appearance of one image.

        Args:
            rng: `numpy.random.Generator`.

        Returns:
            The arguments of `apply`, a dict of arrays, and the standard
            deviation of a blur that is up to the caller, in pixels.
        """
        if self._noise is None:
            return {}, 0.0
        drawn = augmentation.sample_appearance(rng, 1, self.ranges)
        drawn = {name: value[0] for name, value in drawn.items()}
        blur = float(drawn.pop("blur"))
        # Windows of one long sequence: drawing anew would take too long.
        count = int(np.prod(self._shape))
        start = rng.integers(len(self._noise) - count)
        noise = self._noise[start : start + count].reshape(self._shape)
        return {**drawn, "noise": noise}, blur

    def apply(self, image, drawn):
        """Changes images in the training step.

        Args:
            image: `(batch, size, size, 3)` RGB in 0..255.
            drawn: dicts of `draw`, stacked; other entries are left alone.

        Returns:
            `(batch, size, size, 3)` float32 in 0..255.
        """
        if self._noise is None:
            return image
        drawn = {name: drawn[name] for name in _APPLIED if name in drawn}
        drawn["noise_level"] = drawn["noise_level"] * (1 / _NOISE_SCALE)
        return augmentation.apply_appearance(image, **drawn)
