"""Training pairs in OpenCV and NumPy, the yardstick of pair rendering.

The published pairs (spec training.md, 1.1.3, 1.6.2, 1.7.1), as a careful
programmer writes them for one process: everything that is the same for all
pairs is computed once, mappings are whole arrays, images stay bytes, bumps and
objects touch their own boxes alone, and OpenCV does the rest with all its
threads.
"""

import cv2
import numpy as np

from benchmarks.opencv_objects import OpenCVObjects, project
from gocor_tf.data import warp_formulas

_SAMPLING = 0.45
_PLATEAU_REACH = 4
_CELL = 8


class OpenCVPairs:
    """Makes pairs.

    Args:
        photographs: list of `(height, width, 3)` uint8 arrays.
        size: side of the images of a pair, in pixels.
        perturbs: whether targets are bent locally.
        num_objects: moving objects in a pair.
        coarse_noise: whether the noise that bends is drawn for cells of 8 x 8
            pixels, as ours is, instead of for pixels, as published.
    """

    def __init__(
        self,
        photographs,
        size,
        perturbs=False,
        num_objects=0,
        coarse_noise=False,
    ):
        self._photographs = photographs
        self._size = size
        self._perturbs = perturbs
        self._num_objects = num_objects
        self._cell = _CELL if coarse_noise else 1
        ratio = size / 240
        self._canvas = int(640 * ratio), int(480 * ratio)
        self._wide_canvas = int(768 * ratio), int(576 * ratio)
        side = np.linspace(-1, 1, size, dtype="float32")
        x, y = np.meshgrid(side, side)
        self._side = side
        self._pixels = np.arange(size, dtype="float32")
        points = np.stack([x.ravel(), y.ravel()], axis=-1)
        self._basis = warp_formulas.spline_basis(points)
        # Fixed-point maps are OpenCV's fastest.
        self._query_maps = cv2.convertMaps(*self._on_canvas(x, y), cv2.CV_16SC2)
        self._objects = OpenCVObjects(photographs, size, num_objects)

    def batch(self, numbers):
        """Makes pairs.

        Args:
            numbers: of the pairs, a list.

        Returns:
            Dict of arrays: `reference` and `query` `(batch, size, size, 3)`
            uint8, `flow` `(batch, size, size, 2)` and `mask` `(batch, size,
            size)`.
        """
        pairs = [self.pair(number) for number in numbers]
        return {
            name: np.stack([pair[name] for pair in pairs]) for name in pairs[0]
        }

    def pair(self, number):
        """Makes one pair, the same for the same number."""
        rng = np.random.default_rng(number)
        photograph = self._photographs[number % len(self._photographs)]
        if rng.uniform() < 0.5:
            reference, query, mapping = self._homography(rng, photograph)
        else:
            reference, query, mapping = self._spline_or_affine(rng, photograph)
        in_view = self._in_view(mapping)
        if self._perturbs:
            reference, mapping = self._perturb(rng, reference, mapping, in_view)
        flow = mapping
        flow[..., 0] -= self._pixels
        flow[..., 1] -= self._pixels[:, None]
        mask = in_view
        if self._num_objects and rng.uniform() < 0.8:
            mask = self._objects.add(rng, reference, query, flow)
        return {
            "reference": reference,
            "query": query,
            "flow": flow,
            "mask": mask,
        }

    def _homography(self, rng, photograph):
        """Spec 1.1.3: query, warped reference and mapping."""
        size, ratio = self._size, self._size / 240
        canvas = cv2.resize(photograph, self._wide_canvas)
        corners = np.float32([(264, 168), (504, 168), (504, 408), (264, 408)])
        moved = corners + rng.integers(-80, 80, (4, 2)).astype("float32")
        left = self._wide_canvas[0] // 2 - size // 2
        top = self._wide_canvas[1] // 2 - size // 2
        inverse = cv2.getPerspectiveTransform(ratio * moved, ratio * corners)
        crop = np.array([[1, 0, left], [0, 1, top], [0, 0, 1.0]])
        to_canvas = inverse @ crop
        reference = cv2.warpPerspective(
            canvas,
            to_canvas,
            (size, size),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        query = canvas[top : top + size, left : left + size].copy()
        mapping = project(
            np.linalg.inv(crop) @ to_canvas, self._pixels, self._pixels
        )
        return reference, query, mapping

    def _spline_or_affine(self, rng, photograph):
        canvas = cv2.resize(photograph, self._canvas)
        x, y = self._spline(rng) if rng.uniform() < 0.5 else self._affine(rng)
        reference = cv2.remap(canvas, *self._on_canvas(x, y), cv2.INTER_LINEAR)
        query = cv2.remap(canvas, *self._query_maps, cv2.INTER_LINEAR)
        half = np.float32((self._size - 1) / 2)
        mapping = cv2.merge([x, y])
        mapping += 1
        mapping *= half
        return reference, query, mapping

    def _affine(self, rng):
        """Spec 1.1.2."""
        alpha, phi = np.radians([[15.0], [30.0]]) * rng.uniform(-1, 1, (2, 1))
        shear = warp_formulas.rotation(phi)[0]
        stretch = np.diag(rng.uniform(0.75, 1.25, 2))
        matrix = warp_formulas.rotation(alpha)[0] @ shear.T @ stretch @ shear
        shift = rng.uniform(-0.25, 0.25, 2)
        return tuple(
            np.add.outer(
                np.float32(matrix[row, 1]) * self._side
                + np.float32(shift[row]),
                np.float32(matrix[row, 0]) * self._side,
            )
            for row in range(2)
        )

    def _spline(self, rng):
        """Spec 1.1.2, as one matrix product."""
        noise = rng.normal(0, 0.2, (9, 2))
        weights = warp_formulas.solve_splines(
            (warp_formulas.CONTROL_POINTS + noise)[None]
        )[0]
        mapped = weights.T.astype("float32") @ self._basis
        return tuple(mapped.reshape(2, self._size, self._size))

    def _on_canvas(self, x, y):
        width, height = self._canvas
        return tuple(
            (np.float32(_SAMPLING) * values + 1) * np.float32((side - 1) / 2)
            for values, side in ((x, width), (y, height))
        )

    def _in_view(self, mapping):
        last = self._size - 1
        return cv2.inRange(mapping, (0, 0), (last, last)) > 0

    def _perturb(self, rng, reference, mapping, in_view):
        """Spec 1.6.2: bends the reference at some places."""
        weight = self._bumps(rng, in_view)
        size = self._size
        sigma = size * rng.uniform(0.1, 0.14)
        alpha = size * rng.uniform(1.0, 1.4)
        maps = []
        for pixels in (self._pixels, self._pixels[:, None]):
            shift = self._smooth_noise(rng, sigma)
            shift *= np.float32(alpha)
            shift *= weight
            shift += pixels
            maps.append(shift)
        return tuple(
            cv2.remap(values, *maps, cv2.INTER_LINEAR)
            for values in (reference, mapping)
        )

    def _smooth_noise(self, rng, sigma):
        cells = -(-self._size // self._cell)
        noise = rng.random((cells, cells), dtype="float32")
        noise *= 2
        noise -= 1
        noise = cv2.GaussianBlur(noise, (0, 0), sigma / self._cell)
        if self._cell == 1:
            return noise
        # The mean of a cell varies less than a pixel does.
        noise /= self._cell
        return cv2.resize(
            noise, (self._size, self._size), interpolation=cv2.INTER_CUBIC
        )

    def _bumps(self, rng, in_view):
        size = self._size
        total = np.zeros((size, size), "float32")
        for _ in range(rng.integers(5, 16)):
            sigma = int(rng.integers(3, 11))
            for _ in range(100):
                x, y = rng.integers(3 * sigma, size - 3 * sigma + 1, 2)
                if in_view[y, x]:
                    break
            reach = _PLATEAU_REACH * sigma
            box = tuple(
                slice(max(c - reach, 0), min(c + reach + 1, size))
                for c in (y, x)
            )
            profiles = (
                np.exp(-0.5 * np.square((self._pixels[s] - c) / sigma))
                for s, c in zip(box, (y, x), strict=True)
            )
            total[box] += np.minimum(2 * np.outer(*profiles), 1)
        return np.minimum(total, 1, out=total)
