"""Tests of resizing with Pillow's integer arithmetic."""

import numpy as np
import pytest

from gocor_tf.ops import pil_resize


def pillow(image, length):
    """Pillow's 8-bit bilinear resize of rows, in 64-bit integers."""
    old = len(image)
    scale = old / length
    support = max(scale, 1.0)
    resized = np.zeros((length, *image.shape[1:]), np.int64)
    for i in range(length):
        centre = (i + 0.5) * scale
        start = max(int(centre - support + 0.5), 0)
        stop = min(int(centre + support + 0.5), old)
        x = np.arange(start, stop)
        weights = np.maximum(0, 1 - np.abs(x - centre + 0.5) / support)
        weights = (weights / weights.sum() * 2**22 + 0.5).astype(np.int64)
        total = np.tensordot(weights, image[start:stop].astype(np.int64), 1)
        resized[i] = np.clip((total + 2**21) >> 22, 0, 255)
    return resized


@pytest.mark.parametrize("size", [(64, 128), (64, 64), (37, 51), (5, 3)])
def test_equals_pillow_s_algorithm(size):
    image = np.random.default_rng(0).integers(0, 256, (37, 51, 3))
    columns = np.moveaxis(pillow(np.moveaxis(image, 1, 0), size[1]), 0, 1)
    np.testing.assert_array_equal(
        pil_resize.pil_bilinear_resize(image[None], size)[0],
        pillow(columns, size[0]),
    )


def test_known_row():
    # 0, 255 -> 0, 63.75, 191.25, 255, each rounded.
    image = np.array([0, 255], "uint8").reshape(1, 1, 2, 1)
    np.testing.assert_array_equal(
        pil_resize.pil_bilinear_resize(image, (1, 4))[0, 0, :, 0],
        [0, 64, 191, 255],
    )


def test_fractions_are_truncated():
    image = np.full((1, 2, 2, 1), 41.9, "float32")
    np.testing.assert_array_equal(
        pil_resize.pil_bilinear_resize(image, (3, 3)), np.full((1, 3, 3, 1), 41)
    )
