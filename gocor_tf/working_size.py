"""Matching a pair at another size than its own.

The images are stretched, matched, and the answer is brought back.
"""

import dataclasses
import math

import cv2
import numpy as np

from gocor_tf import views


@dataclasses.dataclass(frozen=True)
class Stretch:
    """From a pair of images to a stretched one, and back.

    Attributes:
        sizes: `(height, width)` of the reference and of the query.
        seen_sizes: the same of the stretched images.
    """

    sizes: tuple
    seen_sizes: tuple

    @property
    def pixel(self):
        """The side of the stretched query's pixel, in px of the query."""
        return math.sqrt(
            math.prod(self.sizes[1]) / math.prod(self.seen_sizes[1])
        )

    def show(self, reference, query):
        """Returns both images stretched, `(height, width, 3)` uint8."""
        return tuple(
            image
            if image.shape[:2] == size
            else cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
            for image, size in zip(
                (reference, query), self.seen_sizes, strict=True
            )
        )

    def box(self, box):
        """Returns where rows and columns of the reference are seen."""
        return tuple(
            slice(
                math.floor(side.start * seen / length),
                math.ceil(side.stop * seen / length),
            )
            for side, seen, length in zip(
                box, self.seen_sizes[0], self.sizes[0], strict=True
            )
        )

    def bring_back(self, values):
        """Returns a map of the stretched reference on the reference's grid.

        Args:
            values: `(height, width)` or `(height, width, channels)` float32.
        """
        size = self.sizes[0]
        return cv2.resize(values, size[::-1], interpolation=cv2.INTER_LINEAR)

    def bring_back_flow(self, flow):
        """Returns the flow between the images.

        Args:
            flow: `(height, width, 2)` float32 of the stretched reference, in
                px of the stretched query.

        Returns:
            The same on the reference's grid, in px of the query.
        """
        scale = np.divide(self.sizes[1], self.seen_sizes[1])
        # How far a match moves that is seen without motion.
        shares = scale * np.divide(self.seen_sizes[0], self.sizes[0]) - 1
        rows, columns = (
            ((np.arange(length) + 0.5) * share).astype(np.float32)
            for length, share in zip(self.sizes[0], shares, strict=True)
        )
        flow = self.bring_back(flow)
        flow *= scale[::-1].astype(np.float32)
        flow[..., 0] += columns
        flow[..., 1] += rows[:, None]
        return flow

    def bring_back_homography(self, homography):
        """Returns a homography between the stretched images for the pair."""
        (size, query_size), (seen, seen_query) = self.sizes, self.seen_sizes
        return (
            views.scaling(seen_query, query_size)
            @ homography
            @ views.scaling(size, seen)
        )


def stretch_to(size, reference, query):
    """Returns the `Stretch` of two images to one size; None: their own."""
    sizes = reference.shape[:2], query.shape[:2]
    return Stretch(sizes, sizes if size is None else (tuple(size),) * 2)


def shrink_to(max_pixels, reference, query):
    """Returns the `Stretch` of two images to a number of pixels each."""
    sizes = reference.shape[:2], query.shape[:2]
    return Stretch(sizes, tuple(fit(size, max_pixels) for size in sizes))


def fit(size, max_pixels):
    """Returns the size of an image that is shrunk to a number of pixels.

    Args:
        size: `(height, width)` of the image.
        max_pixels: how many pixels are allowed.

    Returns:
        `(height, width)`: the same if that has no more pixels, else of the
        same shape as far as whole pixels allow.
    """
    if math.prod(size) <= max_pixels:
        return tuple(size)
    scale = math.sqrt(max_pixels / math.prod(size))
    height, width = (max(1, int(length * scale)) for length in size)
    height = min(height, max_pixels)
    return height, min(width, max_pixels // height)
