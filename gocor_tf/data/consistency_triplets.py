"""Triplets for warp consistency: an unlabelled pair and a warped image.

Spec training.md, 3.6 and 1.4. One photograph is warped by a random flow, the
only thing that is known; `gocor_tf.losses.warp_consistency` has what is learnt
from it.

Convention:
    Positions are in a square view whose first and last pixel centres are at
    -1 and +1, as the published laws of warps have it: pixel `p` of a view of
    `size` pixels is at `2 * p / (size - 1) - 1`.
"""

import numpy as np
from keras import ops

from gocor_tf.data import canvases, photographs, warp_formulas
from gocor_tf.data.appearance import ImageAppearance
from gocor_tf.data.augmentation import AppearanceRanges
from gocor_tf.ops.warp import in_view_mask, warp_by_mapping


class ConsistencyTriplets:
    """Triplets that can be made again at any time.

    Both photographs are stretched to the law's view, the reference is warped
    there, and the centres of all three are cut out, so that the warped image
    has no black borders. `pair(number)` depends on the constructor's arguments
    and `number` alone and may be called from several threads.

    Args:
        pairs: `UnlabelledPairs`, or whatever has `images(number)`, which
            returns a reference and a query, `(height, width, 3)` RGB.
        law: `FreeWarps`: `view_size`, and `draw(rng)`, which returns a
            homography `(3, 3)` and a spline `(12, 2)` as
            `warp_formulas.map_points` takes them.
        seed: a non-negative integer.
        size: height and width of the three images, in pixels.
        appearance: `AppearanceRanges` of the warped image; None: unchanged.

    Example:
    ```python
    triplets = ConsistencyTriplets(
        UnlabelledPairs("photographs"), law=FreeWarps(view_size=320), size=256
    )
    batch = {name: v[None] for name, v in triplets.pair(0).items()}
    triplets.render(batch)["warped_reference"].shape  # (1, 256, 256, 3)
    ```
    """

    def __init__(self, pairs, *, law, seed=0, size=520, appearance=None):
        if not 1 < size <= law.view_size:
            raise ValueError(
                "`size` must be > 1 and fit into the law's view of "
                f"{law.view_size} pixels. Received: size={size}"
            )
        if seed < 0:
            raise ValueError(f"`seed` must be >= 0. Received: seed={seed}")
        self.pairs = pairs
        self.law = law
        self.seed = seed
        self.size = size
        self._appearance = ImageAppearance(
            appearance or AppearanceRanges(probability=0.0), size, seed
        )
        self._start = (law.view_size - size) // 2
        side = np.arange(self._start, self._start + size)
        side = side * 2 / (law.view_size - 1) - 1
        points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        self._points = points.astype("float32")
        self._basis = warp_formulas.spline_basis(points)

    def pair(self, number):
        """Prepares one triplet on the host.

        Args:
            number: its place in the endless sequence, from 0.

        Returns:
            A dict of NumPy arrays: `reference` and `query`, the centres;
            `view`, all of the reference, blurred as the warped image shall
            be; `homography` and `spline`; and what is drawn of its
            appearance.
        """
        rng = np.random.default_rng([self.seed, 3, number])
        homography, spline = self.law.draw(rng)
        reference, query = (
            canvases.stretch(
                photographs.check_image(image).astype("uint8"),
                self.law.view_size,
            )
            for image in self.pairs.images(number)
        )
        drawn, sigma = self._appearance.draw(rng)
        inside = slice(self._start, self._start + self.size)
        return {
            "reference": reference[inside, inside],
            "query": query[inside, inside],
            "view": canvases.blur(reference, sigma),
            "homography": np.asarray(homography, "float32"),
            "spline": np.asarray(spline, "float32"),
            **drawn,
        }

    def render(self, batch):
        """Builds the images, the known flow and its masks from a batch.

        Args:
            batch: dicts of `pair`, stacked, as arrays or tensors.

        Returns:
            A dict of float32 tensors: `reference`, `query` and
            `warped_reference` `(batch, size, size, 3)` RGB in 0..255; `flow`
            `(batch, size, size, 2)` from the warped reference to the
            reference, in pixels; `valid` `(batch, size, size, 1)`, 1 where
            that flow stays in view, else 0; `mask`, 1 where the warped
            reference shows the photograph, whose border is repeated around
            it.
        """
        x, y = warp_formulas.map_points(
            ops.convert_to_tensor(self._basis),
            batch["homography"],
            batch["spline"],
        )
        matched = ops.stack([x, y], axis=-1)
        last = self.law.view_size - 1
        flow = (matched - self._points) * (last / 2)
        flow = ops.reshape(flow, (-1, self.size, self.size, 2))
        shown = ops.all(ops.abs(matched) < 1, axis=-1)
        mask = ops.cast(shown, "float32")
        mask = ops.reshape(mask, (-1, self.size, self.size, 1))
        positions = ops.clip((matched + 1) * (last / 2), 0, last)
        positions = ops.reshape(positions, (-1, self.size, self.size, 2))
        warped = warp_by_mapping(batch["view"], positions)
        return {
            "reference": ops.cast(batch["reference"], "float32"),
            "query": ops.cast(batch["query"], "float32"),
            "warped_reference": self._appearance.apply(warped, batch),
            "flow": flow,
            "valid": in_view_mask(flow) * mask,
            "mask": mask,
        }
