"""Local elastic bending of the reference (spec training.md, 1.6).

A smooth random field is blurred uniform noise; it moves pixels in a few round
places only. Noise with a blur of 50 and more pixels needs no pixel grid: it
is drawn as means over cells, and the blur is two small matrix products.
"""

import dataclasses
import math

import numpy as np
from keras import ops

# Noise is drawn for cells of about this side, in pixels.
_CELL = 8
_MAX_DRAWS = 50
# A place fades to nothing at this many of its standard deviations.
_MARGIN = 3


@dataclasses.dataclass(frozen=True)
class PerturbationRanges:
    """What `draw` draws from; lengths in image sides where not in pixels.

    Args:
        number: least and most places that are bent.
        mask_sigma: range of a place's standard deviation, in whole pixels.
        min_sigma: least standard deviation of the noise's blur.
        sigma_range: added to it, times a number in 0..1.
        min_alpha: least factor of the blurred noise.
        alpha_range: added to it, times a number in 0..1.
    """

    number: tuple = (5, 15)
    mask_sigma: tuple = (3, 10)
    min_sigma: float = 0.1
    sigma_range: float = 0.04
    min_alpha: float = 1.0
    alpha_range: float = 0.4

    def __post_init__(self):
        for name, least in (("number", 0), ("mask_sigma", 1)):
            low, high = getattr(self, name)
            if not least <= low <= high:
                raise ValueError(
                    f"`{name}` must be a range >= {least}. "
                    f"Received: {name}={(low, high)}"
                )
        if self.min_sigma <= 0:
            raise ValueError(
                f"`min_sigma` must be > 0. Received: min_sigma={self.min_sigma}"
            )


def draw(rng, size, ranges, is_valid):
    """Draws the bending of one image.

    Args:
        rng: `numpy.random.Generator`.
        size: side of the image, in pixels.
        ranges: `PerturbationRanges`.
        is_valid: function of `(number, 2)` positions (x, y), in pixels, that
            tells which of them have their match in view; places lie there.

    Returns:
        A dict of float32 arrays for `displacement`: `noise` `(cells, cells,
        2)`, `sigma` and `alpha` `()`, in pixels, and `profiles` `(places, 2,
        size)`: a place's mask is the outer product of its two, along x and
        along y, cut off at 1.
    """
    center, radius, is_used = draw_places(rng, size, ranges, is_valid)
    distance = np.arange(size) - center[..., None]
    profiles = np.exp(-0.5 * np.square(distance / radius[:, None, None]))
    profiles[:, 1] *= 2.0 * is_used[:, None]
    cells = math.ceil(size / _CELL)
    sigma = ranges.min_sigma + ranges.sigma_range * rng.uniform()
    alpha = ranges.min_alpha + ranges.alpha_range * rng.uniform()
    # The mean of a cell's uniform values in -1..1.
    spread = cells / (math.sqrt(3) * size)
    drawn = {
        "noise": spread * rng.standard_normal((cells, cells, 2)),
        "sigma": sigma * size,
        "alpha": alpha * size,
        "profiles": profiles,
    }
    return {name: np.asarray(value, "float32") for name, value in drawn.items()}


def draw_places(rng, size, ranges, is_valid):
    """Draws where an image is bent, the first thing that `draw` draws.

    Args:
        rng: as in `draw`, as the others.
        size: side of the image, in pixels.
        ranges: `PerturbationRanges`.
        is_valid: function of positions.

    Returns:
        Of the most places there can be: centers `(places, 2)` (x, y) and
        radii `(places,)`, their standard deviations, in pixels; and which of
        them are used, booleans.
    """
    most = ranges.number[1]
    number = rng.integers(ranges.number[0], most, endpoint=True)
    radius = rng.integers(*ranges.mask_sigma, size=most, endpoint=True)
    radius = np.clip(radius, None, max(size // (2 * _MARGIN + 1), 1))
    center = np.zeros((most, 2))
    found = np.zeros(most, bool)
    for _ in range(_MAX_DRAWS):
        low = (_MARGIN * radius)[:, None]
        new = np.floor(low + rng.uniform(size=(most, 2)) * (size - 2 * low + 1))
        center = np.where(found[:, None], center, new)
        found |= is_valid(center)
        if found.all():
            break
    return center, radius, found & (np.arange(most) < number)


def displacement(drawn, size):
    """Returns how far each pixel is moved.

    Args:
        drawn: dicts of `draw`, stacked, as arrays or tensors.
        size: side of the images, in pixels.

    Returns:
        `(batch, size, size, 2)` float32, in pixels: the reference at `p` shows
        what would have been at `p + displacement[p]`.
    """
    pixels = ops.arange(size, dtype="float32")
    blur = _blur_matrix(drawn["sigma"], pixels, size)
    noise = ops.transpose(drawn["noise"], (0, 3, 1, 2))
    field = ops.matmul(blur[:, None], noise)
    field = ops.matmul(field, ops.transpose(blur, (0, 2, 1))[:, None])
    field = ops.reshape(drawn["alpha"], (-1, 1, 1, 1)) * field
    mask = _mask(drawn["profiles"])[:, None]
    return ops.transpose(field * mask, (0, 2, 3, 1))


def _blur_matrix(sigma, pixels, size):
    """Returns weights `(batch, size, cells)` of a blur along one axis.

    Cells beyond a border mirror those inside, about the outermost pixel.
    """
    cells = math.ceil(size / _CELL)
    side = size / cells
    center = side * (ops.arange(cells, dtype="float32") + 0.5) - 0.5
    sigma = ops.reshape(sigma, (-1, 1, 1))
    weights = 0.0
    for mirrored in (center, -center, 2.0 * (size - 1) - center):
        distance = (pixels[:, None] - mirrored)[None] / sigma
        weights = weights + ops.exp(-0.5 * ops.square(distance))
    return weights * (side / math.sqrt(2 * math.pi)) / sigma


def _mask(profiles):
    """Returns 1 where pixels move, fading to 0: `(batch, size, size)`."""
    # One place after the other: all at once would need many times the memory.
    mask = 0.0
    for index in range(profiles.shape[1]):
        along_x, along_y = profiles[:, index, 0], profiles[:, index, 1]
        mask += ops.minimum(along_y[:, :, None] * along_x[:, None], 1.0)
    return ops.minimum(mask, 1.0)
