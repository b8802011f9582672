"""Padding of two images to a common size, at the bottom and the right."""

import numpy as np


def pad_to_common_size(reference, query):
    """Pads two images with zeros, so that no pixel coordinate changes.

    Args:
        reference: `(height, width, channels)`, or `(height, width)`.
        query: likewise, of any size.

    Returns:
        The two arrays: as high as the higher one and as wide as the wider one.
    """
    size = np.maximum(reference.shape[:2], query.shape[:2])
    return _pad(reference, size), _pad(query, size)


def _pad(image, size):
    missing = [(0, int(n) - m) for n, m in zip(size, image.shape, strict=False)]
    return np.pad(image, missing + [(0, 0)] * (image.ndim - 2))
