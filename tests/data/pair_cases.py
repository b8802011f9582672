"""Photographs and pairs for tests of `SyntheticPairs`."""

import cv2
import numpy as np

from gocor_tf.data.augmentation import AppearanceRanges
from gocor_tf.data.batches import make_batch
from gocor_tf.data.random_warps import ViewWarps
from gocor_tf.data.synthetic_pairs import SyntheticPairs
from gocor_tf.ops import warp

SIZE = 48
PLAIN = AppearanceRanges(probability=0.0)


def photographs(number=5):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (number, 80, 100, 3), dtype="uint8")
    images = [cv2.GaussianBlur(image, (0, 0), 5) for image in noise]
    return [cv2.normalize(i, None, 0, 255, cv2.NORM_MINMAX) for i in images]


def create_pairs(images=None, law=None, **arguments):
    images = photographs() if images is None else images
    law = law or ViewWarps(canvas_size=64)
    return SyntheticPairs(images, **{"size": SIZE, "law": law, **arguments})


def create_batch(pairs, step=0, number=4):
    return make_batch(pairs, range(step * number, (step + 1) * number))


def render(pairs, number=4):
    rendered = pairs.render(create_batch(pairs, number=number))
    return {name: np.asarray(value) for name, value in rendered.items()}


def photometric_error(rendered):
    """Returns the mean |warped query - reference| where it is valid."""
    warped = np.asarray(warp(rendered["query"], rendered["flow"]))
    difference = np.abs(warped - rendered["reference"]).mean(-1, keepdims=True)
    valid = rendered["valid"]
    return (valid * difference).sum() / valid.sum()
