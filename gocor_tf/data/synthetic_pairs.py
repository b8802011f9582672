"""Training pairs with exact flow, cut and warped out of single photographs.

A pair needs a square piece of a photograph, the canvas, and a few numbers.
`SyntheticPairs.batch` prepares those on the host; `SyntheticPairs.render`
turns them into two images and their flow inside the training step:
`query(q) = canvas(A q)`, `reference(p) = canvas(A G(p))`, `flow = G(p) - p`
for a view `A` and a warp `G` (see `random_warps`).
"""

import dataclasses
import functools
import os

import cv2
import numpy as np
from absl import logging
from keras import ops

from gocor_tf.data import (
    augmentation,
    photographs,
    random_warps,
    warp_formulas,
)
from gocor_tf.ops.warp import warp_by_mapping

_NOISE_VALUES = 1 << 22
_NOISE_SCALE = 32.0
_RENDERED = ("canvas", "color", "tone", "noise_level", "noise")


class SyntheticPairs:
    """Batches of synthetic pairs, any of which can be made again at any time.

    `batch(step)` depends on the constructor's arguments and `step` alone, so
    that a stopped training goes on with the same data, and may be called
    from several threads. Each epoch visits every photograph once, in an order
    of its own.

    Args:
        images: a folder, a list of file names, or a list of `(height, width,
            3)` uint8 RGB arrays.
        batch_size: pairs in a batch.
        seed: a non-negative integer.
        size: height and width of the images of a pair, in pixels.
        canvas_size: side of the piece of photograph behind a pair, in pixels.
        crop_range: range of that piece's side, in short sides of the
            photograph.
        cache_megabytes: decoded photographs kept in memory; further ones are
            decoded whenever they are needed.
        **ranges: any field of `random_warps.WarpRanges` and of
            `augmentation.AppearanceRanges`.

    Example:
    ```python
    pairs = SyntheticPairs([photograph], batch_size=2, rotation=30.0)
    rendered = pairs.render(pairs.batch(step=0))
    rendered["flow"].shape  # (2, 256, 256, 2)
    ```
    """

    def __init__(
        self,
        images,
        batch_size,
        seed=0,
        size=256,
        canvas_size=352,
        crop_range=(0.75, 1.0),
        cache_megabytes=2048,
        **ranges,
    ):
        for name, value in (
            ("batch_size", batch_size),
            ("size", size),
            ("canvas_size", canvas_size),
        ):
            if value < 1:
                raise ValueError(
                    f"`{name}` must be > 0. Received: {name}={value}"
                )
        if not 0.0 < crop_range[0] <= crop_range[1] <= 1.0:
            raise ValueError(
                "`crop_range` must be a range within (0, 1]. "
                f"Received: crop_range={crop_range}"
            )
        if seed < 0:
            raise ValueError(f"`seed` must be >= 0. Received: seed={seed}")
        if isinstance(images, (str, os.PathLike)):
            images = photographs.list_photographs(images)
        if not len(images):
            raise ValueError(
                "`images` must be a folder or a list of photographs. "
                f"Received: images={images}"
            )
        self.images = list(images)
        self.batch_size = batch_size
        self.seed = seed
        self.size = size
        self.canvas_size = canvas_size
        self.crop_range = crop_range
        self._warps, self._appearance = _split_ranges(ranges)
        self._cache = self._fill_cache(cache_megabytes * 2**20)
        noise = np.random.default_rng([seed, 0]).standard_normal(
            max(_NOISE_VALUES, 2 * size * size * 3), dtype="float32"
        )
        self._noise = np.clip(_NOISE_SCALE * noise, -127, 127).astype("int8")
        self._points = warp_formulas.view_points(size).astype("float32")
        self._basis = warp_formulas.spline_basis(self._points)

    def batch(self, step):
        """Prepares one batch on the host.

        Args:
            step: number of the batch, from 0.

        Returns:
            A dict of NumPy arrays, each with `batch_size` rows: canvases,
            warps, appearance and noise.
        """
        rng = np.random.default_rng([self.seed, 1, step])
        number = self.batch_size
        arrays = random_warps.sample_warps(rng, number, self._warps)
        sides = {}
        for role in ("reference", "query"):
            drawn = augmentation.sample_appearance(
                rng, number, self._appearance
            )
            scale = arrays.pop(f"{role}_scale")
            sides[role] = scale * self.canvas_size / self.size
            blur = drawn.pop("blur")
            arrays[f"{role}_noise"] = self._draw_noise(rng)
            arrays.update({f"{role}_{k}": v for k, v in drawn.items()})
            sides[role] = np.sqrt(
                np.square(blur * sides[role])
                + 0.25 * np.maximum(np.square(sides[role]) - 1, 0)
            )
        crops = rng.uniform(size=(number, 4))
        canvases = [
            self._canvas(self._photograph(step * number + row), crops[row])
            for row in range(number)
        ]
        for role, sigmas in sides.items():
            arrays[f"{role}_canvas"] = np.stack(
                [_blur(c, s) for c, s in zip(canvases, sigmas, strict=True)]
            )
        return arrays

    def render(self, batch):
        """Builds both images, the flow and its mask from a batch.

        Args:
            batch: the dict of `batch`, as arrays or tensors.

        Returns:
            A dict of float32 tensors: `reference` and `query` `(batch, size,
            size, 3)` RGB in 0..255; `flow` `(batch, size, size, 2)` in
            pixels; `valid` `(batch, size, size, 1)`, 1 where the reference
            shows the photograph and its match lies in the query, else 0.
        """
        size = self.size
        basis = ops.convert_to_tensor(self._basis)
        x, y = warp_formulas.map_points(
            basis, batch["homography"], batch["spline"]
        )
        matched = ops.stack([x, y], axis=-1)
        flow = (matched - self._points) * (size / 2)
        view = batch["view"]
        last = (size - 1) / size
        reference, on_canvas = self._render_view(
            x, y, view, *(batch[f"reference_{k}"] for k in _RENDERED)
        )
        query, _ = self._render_view(
            basis[10],
            basis[11],
            view,
            *(batch[f"query_{k}"] for k in _RENDERED),
        )
        in_view = ops.all(ops.abs(matched) <= last, axis=-1)
        valid = ops.cast(ops.logical_and(in_view, on_canvas), "float32")
        return {
            "reference": reference,
            "query": query,
            "flow": ops.reshape(flow, (-1, size, size, 2)),
            "valid": ops.reshape(valid, (-1, size, size, 1)),
        }

    def _render_view(self, x, y, view, canvas, color, tone, noise_level, noise):
        """Cuts one view out of its canvas and changes its appearance."""
        size, canvas_size = self.size, self.canvas_size
        x, y = (
            view[:, row, 0:1] * x + view[:, row, 1:2] * y + view[:, row, 2:3]
            for row in range(2)
        )
        last = (canvas_size - 1) / canvas_size
        on_canvas = ops.logical_and(ops.abs(x) <= last, ops.abs(y) <= last)
        positions = (ops.stack([x, y], axis=-1) + 1) * (canvas_size / 2) - 0.5
        positions = ops.reshape(positions, (-1, size, size, 2))
        image = augmentation.apply_appearance(
            warp_by_mapping(canvas, positions),
            color,
            tone,
            noise_level * (1 / _NOISE_SCALE),
            noise,
        )
        return image, on_canvas

    def _photograph(self, index):
        """Returns the photograph at a place of the endless sequence."""
        epoch, place = divmod(index, len(self.images))
        order = _permutation(self.seed, epoch, len(self.images))
        if order[place] in self._cache:
            return self._cache[order[place]]
        return self._load(order[place])

    def _load(self, number):
        """Reads a photograph, no larger than the canvases need."""
        image = self.images[number]
        if isinstance(image, (str, os.PathLike)):
            image = photographs.read_image(image)
        else:
            image = photographs.check_image(image, f"images[{number}]")
        needed = self.canvas_size / self.crop_range[0]
        scale = needed / min(image.shape[:2])
        if scale < 1:
            size = [round(scale * side) for side in image.shape[1::-1]]
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(image.astype("uint8"))

    def _fill_cache(self, limit):
        """Reads photographs into memory, in the order of the list."""
        cache = {}
        for number in range(len(self.images)):
            image = self._load(number)
            limit -= image.nbytes
            if limit < 0:
                logging.info(
                    "%d of %d photographs are kept in memory.",
                    number,
                    len(self.images),
                )
                break
            cache[number] = image
        return cache

    def _canvas(self, photograph, draws):
        """Cuts a square out of a photograph, half of the time mirrored."""
        height, width = photograph.shape[:2]
        low, high = self.crop_range
        side = (low + draws[0] * (high - low)) * min(height, width)
        side = max(round(side), 1)
        top = int(draws[1] * (height - side + 1))
        left = int(draws[2] * (width - side + 1))
        crop = photograph[top : top + side, left : left + side]
        if draws[3] < 0.5:
            crop = crop[:, ::-1]
        shrinks = side > self.canvas_size
        return cv2.resize(
            np.ascontiguousarray(crop),
            (self.canvas_size, self.canvas_size),
            interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
        )

    def _draw_noise(self, rng):
        """Returns noise images, windows of one long sequence of noise."""
        count = self.size * self.size * 3
        starts = rng.integers(len(self._noise) - count, size=self.batch_size)
        shape = (self.size, self.size, 3)
        return np.stack(
            [self._noise[s : s + count].reshape(shape) for s in starts]
        )


@functools.lru_cache(maxsize=4)
def _permutation(seed, epoch, number):
    return np.random.default_rng([seed, 2, epoch]).permutation(number)


def _split_ranges(ranges):
    """Sorts keywords into the two groups of ranges."""
    groups = []
    for group in (random_warps.WarpRanges, augmentation.AppearanceRanges):
        names = [field.name for field in dataclasses.fields(group)]
        groups.append(group(**{n: ranges.pop(n) for n in names if n in ranges}))
    if ranges:
        raise TypeError(
            "Keyword arguments must be fields of `WarpRanges` or "
            f"`AppearanceRanges`. Received: {', '.join(ranges)}"
        )
    return groups


def _blur(image, sigma):
    """Blurs a canvas; what is below a third of a pixel is left out."""
    if sigma < 1 / 3:
        return image
    return cv2.GaussianBlur(image, (0, 0), float(sigma))
