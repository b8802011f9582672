"""Random appearance: colour, tone, blur, noise and JPEG of one image.

Drawn in NumPy, applied in the training step, where a whole colour jitter is
one 3 x 4 matrix for each image.
"""

import dataclasses

import numpy as np
from keras import ops

from gocor_tf.data import jpeg as jpeg_formulas

_LUMA = np.array([0.299, 0.587, 0.114])
_MIDDLE_GREY = 127.5


@dataclasses.dataclass(frozen=True)
class AppearanceRanges:
    """What `sample_appearance` draws from.

    The published recipes of GLU-Net, GOCor and PDC-Net change no colours:
    `probability=0.0`. The colour jitter of GLU-Net on single photographs
    (spec training.md, 1.9) is

    ```python
    AppearanceRanges(
        brightness=0.6,
        contrast=0.6,
        saturation=0.6,
        hue=72.0,  # 0.2 of a turn.
        grey_probability=0.2,
        blur_probability=0.5,
        blur=(0.2, 2.0),
        color_cast=0.0,
        tone=0.0,
        noise=0.0,
    )
    ```

    and that of warp consistency is the same with `hue=0.0`,
    `grey_probability=0.0` and `blur_probability=0.2`. Here the order of the
    changes is fixed, contrast is about middle grey instead of the image's
    mean, hue turns about the grey axis instead of in HSV, channels are not
    exchanged, and the blur's kernel is not cut short.

    Args:
        probability: share of images that are changed at all.
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
        jpeg_probability: share of images with JPEG's artefacts.
        jpeg_quality: range of JPEG's quality, whole numbers in 1..100.
    """

    probability: float = 1.0
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
    jpeg_probability: float = 0.0
    jpeg_quality: tuple = (30, 90)

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
        for name in (
            "probability",
            "grey_probability",
            "blur_probability",
            "jpeg_probability",
        ):
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
        if not 1 <= self.jpeg_quality[0] <= self.jpeg_quality[1] <= 100:
            raise ValueError(
                "`jpeg_quality` must be a range within [1, 100]. Received: "
                f"jpeg_quality={self.jpeg_quality}"
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
        last two standard deviations in grey levels and pixels; and, if
        `ranges` have any, `jpeg` `(number,)`, qualities or 0. Zeros, and a
        `color` that is the identity, change nothing.
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
    if ranges.jpeg_probability:
        low, high = ranges.jpeg_quality
        compressed = rng.uniform(size=number) < ranges.jpeg_probability
        drawn["jpeg"] = compressed * rng.integers(low, high + 1, number)
    unchanged = rng.uniform(size=number) >= ranges.probability
    for name, value in drawn.items():
        value[unchanged] = np.eye(4, 3) if name == "color" else 0
    return {name: value.astype("float32") for name, value in drawn.items()}


def apply_appearance(image, color, tone, noise_level, noise, jpeg=None):
    """Changes tone and colour of images, adds noise, and compresses them.

    Args:
        image: `(batch, height, width, 3)` RGB in 0..255.
        color: `(batch, 4, 3)`, what each channel adds to the new channels,
            and an offset in grey levels.
        tone: `(batch,)`, bend of the tone curve.
        noise_level: `(batch,)`, standard deviation in grey levels.
        noise: `(batch, height, width, 3)` of unit standard deviation.
        jpeg: `(batch,)` qualities, 0 for none; None: none at all.

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
    image = ops.reshape(ops.clip(image, 0.0, 255.0), shape)
    if jpeg is None:
        return image
    return jpeg_formulas.jpeg_artefacts(image, jpeg)


def _hue_rotation(angle):
    """Returns rotations about the grey axis that keep the luma."""
    to_yiq = np.array([_LUMA, (0.596, -0.274, -0.322), (0.211, -0.523, 0.312)])
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.tile(np.eye(3), (len(angle), 1, 1))
    rotation[:, 1, 1] = rotation[:, 2, 2] = cos
    rotation[:, 1, 2], rotation[:, 2, 1] = -sin, sin
    return np.linalg.inv(to_yiq) @ rotation @ to_yiq
