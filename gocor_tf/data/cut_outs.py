"""Objects cut out of the photographs themselves, with soft edges.

Where nobody has outlined any objects, random shapes do: what moves on its own
need not be a thing, it only has to have an outline and a texture. Half of the
shapes are drawn (angular or round ones), half follow the photograph's edges:
what a watershed joins to random seeds near the middle of a window.
"""

import cv2
import numpy as np

from gocor_tf.data.photograph_cache import PhotographCache

# Sides of the windows that shapes are cut from, in image sides.
_WINDOW = (0.12, 0.6)
# The smallest object of the published generator: 1300 of 520 x 520 pixels.
_SMALLEST_SHARE = 1300 / 520**2
_MAX_DRAWS = 10
_SEEDS = 6
_SOFTNESS = 1.0


class PhotographCutOuts:
    """Random pieces of photographs.

    Args:
        images: a folder, a list of file names, or a list of `(height, width,
            3)` uint8 RGB arrays.
        size: side of the images that objects are pasted into, in pixels.
        cache_megabytes: decoded photographs kept in memory.
    """

    def __init__(self, images, size=520, cache_megabytes=512):
        if size < 1:
            raise ValueError(f"`size` must be > 0. Received: size={size}")
        self.size = size
        self._photographs = PhotographCache(images, cache_megabytes, size)

    def cut_out(self, rng):
        """Cuts an object out.

        Args:
            rng: `numpy.random.Generator`; the object depends on it alone.

        Returns:
            `(height, width, 4)` uint8 RGBA, no larger than it must be.
        """
        photograph = self._photographs[rng.integers(len(self._photographs))]
        for _ in range(_MAX_DRAWS):
            window = _draw_window(rng, photograph, self.size)
            mask = _draw_mask(rng, window)
            if np.count_nonzero(mask) >= _SMALLEST_SHARE * self.size**2:
                break
        soft = cv2.GaussianBlur(255 * mask, (0, 0), _SOFTNESS)
        rows, columns = np.any(soft, axis=1), np.any(soft, axis=0)
        box = _extent(rows), _extent(columns)
        return cv2.merge([*cv2.split(window[box]), soft[box]])


def _draw_window(rng, photograph, size):
    """Cuts a random window, at the photograph's scale in a pair."""
    height, width = photograph.shape[:2]
    share = rng.uniform(*_WINDOW)
    side = max(round(share * min(height, width)), 1)
    top = rng.integers(height - side, endpoint=True)
    left = rng.integers(width - side, endpoint=True)
    window = photograph[top : top + side, left : left + side]
    target = max(round(share * size), 4)
    return cv2.resize(window, (target, target), interpolation=cv2.INTER_AREA)


def _draw_mask(rng, window):
    """Draws a shape, 0 or 1, that leaves the window's border free."""
    kind = rng.integers(4)
    side = len(window)
    if kind < 2:
        mask = _draw_polygon(rng, side, is_round=kind == 0)
    else:
        mask = _draw_segment(rng, window)
    border = max(side // 32, 1)
    mask[:border] = mask[-border:] = 0
    mask[:, :border] = mask[:, -border:] = 0
    return mask


def _draw_polygon(rng, side, is_round):
    """Draws a star-shaped polygon, or one with a smooth outline."""
    if is_round:
        angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
        waves = np.arange(1, 5)[:, None]
        phases = rng.uniform(0, 2 * np.pi, (4, 1))
        heights = rng.uniform(0, 0.35, (4, 1)) / waves
        radii = 0.7 + (heights * np.cos(waves * angles + phases)).sum(axis=0)
    else:
        number = rng.integers(4, 12)
        angles = np.sort(rng.uniform(0, 2 * np.pi, number))
        radii = rng.uniform(0.35, 1.0, number)
    stretch = rng.uniform(0.6, 1.0, 2)
    points = radii * np.stack([np.cos(angles), np.sin(angles)]) / 2
    points = side / 2 + side * stretch * points.T
    mask = np.zeros((side, side), "uint8")
    cv2.fillPoly(mask, [np.round(points).astype("int32")], 1)
    return mask


def _draw_segment(rng, window):
    """Joins the segments of a watershed whose seeds are near the middle."""
    side = len(window)
    cells = (np.arange(_SEEDS) + 0.5) * side / _SEEDS
    seeds = np.stack(np.meshgrid(cells, cells), axis=-1).reshape(-1, 2)
    seeds = seeds + rng.uniform(-0.4, 0.4, seeds.shape) * side / _SEEDS
    reach = np.linalg.norm(seeds / side - 0.5, axis=1)
    is_object = reach < rng.uniform(0.15, 0.4)
    markers = np.zeros((side, side), "int32")
    for (x, y), inside in zip(seeds.astype(int), is_object, strict=True):
        markers[y, x] = 1 if inside else 2
    smooth = cv2.GaussianBlur(window, (0, 0), 1.5)
    cv2.watershed(smooth, markers)
    return (markers == 1).astype("uint8")


def _extent(used):
    """Returns the slice from the first to the last that is used."""
    where = np.flatnonzero(used)
    if not where.size:
        return slice(0, 1)
    return slice(where[0], where[-1] + 1)
