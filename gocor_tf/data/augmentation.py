"""Random appearance: colour, tone, blur and noise of one image.

Drawn in NumPy, applied in the training step, where a whole colour jitter is
one 3 x 4 matrix for each image.
"""

import dataclasses

import numpy as np
from keras import ops

_LUMA = np.array([0.299, 0.587, 0.114])
_MIDDLE_GREY = 127.5


@dataclasses.dataclass(frozen=True)
class AppearanceRanges:
    """What `sample_appearance` draws from.

    Args:
        brightness: factors are drawn from `1 +- brightness`.
        contrast: the same, around middle grey.
        saturation: the same, around the pixel's own grey.
        hue: largest rotation of the hue, in degrees.
        color_cast: gains of the three channels are drawn from
            `1 +- color_cast`.
        tone: largest bend of the tone curve; 0.5 moves middle grey by an
            eighth of the range.
        grey_probability: share of images without colour.
        blur_probability: share of images that are blurred.
        blur: range of the blur's standard deviation, in pixels.
        noise: largest standard deviation of the noise, in grey levels.
    """

    brightness: float = 0.3
    contrast: float = 0.3
    saturation: float = 0.3
    hue: float = 15.0
    color_cast: float = 0.1
    tone: float = 0.4
    grey_probability: float = 0.1
    blur_probability: float = 0.3
    blur: tuple = (0.2, 1.5)
    noise: float = 6.0

    def __post_init__(self):
        for name in (
            "brightness",
            "contrast",
            "saturation",
            "color_cast",
            "tone",
        ):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ValueError(
                    f"`{name}` must be in [0, 1). Received: "
                    f"{name}={getattr(self, name)}"
                )
        for name in ("grey_probability", "blur_probability"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(
                    f"`{name}` must be in [0, 1]. Received: "
                    f"{name}={getattr(self, name)}"
                )
        if not 0.0 <= self.blur[0] <= self.blur[1]:
            raise ValueError(
                f"`blur` must be a range >= 0. Received: blur={self.blur}"
            )
        if not 0.0 <= self.noise <= 50.0:
            raise ValueError(
                f"`noise` must be in [0, 50]. Received: noise={self.noise}"
            )


def sample_appearance(rng, number, ranges):
    """Draws the appearance of `number` images.

    Args:
        rng: `numpy.random.Generator`.
        number: how many.
        ranges: `AppearanceRanges`.

    Returns:
        A dict of float32 arrays: `color` `(number, 4, 3)`, see
        `apply_appearance`; `tone`, `noise_level` and `blur` `(number,)`, the
        last two standard deviations in grey levels and pixels.
    """
    factors = 1 + rng.uniform(-1, 1, (3, number)) * np.reshape(
        [ranges.brightness, ranges.contrast, ranges.saturation], (3, 1)
    )
    brightness, contrast, saturation = factors
    grey = rng.uniform(size=number) < ranges.grey_probability
    saturation = np.where(grey, 0.0, saturation)
    hue = np.radians(ranges.hue) * rng.uniform(-1, 1, number)
    matrix = _hue_rotation(hue)
    keep = saturation[:, None, None]
    matrix = (keep * np.eye(3) + (1 - keep) * _LUMA) @ matrix
    gain = 1 + ranges.color_cast * rng.uniform(-1, 1, (number, 3))
    matrix = matrix * ((brightness * contrast)[:, None] * gain)[..., None]
    offset = np.repeat(_MIDDLE_GREY * (1 - contrast)[:, None], 3, axis=1)
    color = np.concatenate([matrix, offset[..., None]], axis=-1)
    blurred = rng.uniform(size=number) < ranges.blur_probability
    drawn = {
        "color": color.transpose(0, 2, 1),
        "tone": ranges.tone * rng.uniform(-1, 1, number),
        "noise_level": ranges.noise * rng.uniform(size=number),
        "blur": blurred * rng.uniform(*ranges.blur, number),
    }
    return {name: value.astype("float32") for name, value in drawn.items()}


def apply_appearance(image, color, tone, noise_level, noise):
    """Changes tone and colour of images and adds noise.

    Args:
        image: `(batch, height, width, 3)` RGB in 0..255.
        color: `(batch, 4, 3)`, what each channel adds to the new channels,
            and an offset in grey levels.
        tone: `(batch,)`, bend of the tone curve.
        noise_level: `(batch,)`, standard deviation in grey levels.
        noise: `(batch, height, width, 3)` of unit standard deviation.

    Returns:
        `(batch, height, width, 3)` float32 in 0..255.
    """
    shape = ops.shape(image)
    # Flat images: broadcasting over three channels is slow on a CPU.
    image = ops.reshape(ops.cast(image, "float32"), (shape[0], -1))
    tone = ops.reshape(tone, (-1, 1))
    image = image * ((1.0 + tone) - (tone / 255.0) * image)
    image = ops.reshape(image, (shape[0], -1, 3))
    image = ops.matmul(image, color[:, :3])
    image = image + color[:, 3:]
    noise = ops.reshape(ops.cast(noise, "float32"), (shape[0], -1, 3))
    image = image + ops.reshape(noise_level, (-1, 1, 1)) * noise
    return ops.reshape(ops.clip(image, 0.0, 255.0), shape)


def _hue_rotation(angle):
    """Returns rotations about the grey axis that keep the luma."""
    to_yiq = np.array([_LUMA, (0.596, -0.274, -0.322), (0.211, -0.523, 0.312)])
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.tile(np.eye(3), (len(angle), 1, 1))
    rotation[:, 1, 1] = rotation[:, 2, 2] = cos
    rotation[:, 1, 2], rotation[:, 2, 1] = -sin, sin
    return np.linalg.inv(to_yiq) @ rotation @ to_yiq
