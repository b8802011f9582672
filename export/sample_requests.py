"""Small pairs of pictures to try an exported network with."""

import cv2
import numpy as np
import tensorflow as tf

# (height, width) of the reference and of the query. Two of each fit the
# smallest `request_checks.Limits`. Most published networks round what they have
# resized to grey levels: of odd sides, few values lie halfway between two.
SIZES = ((63, 95), (79, 71))


def images(batch_size):
    """Draws pairs of a pattern and of a part of it, always the same ones.

    Args:
        batch_size: number of pairs.

    Returns:
        Dict of `reference` and `query`, `(batch, height, width, 3)` uint8.
    """
    rng = np.random.default_rng(0)
    side = max(max(size) for size in SIZES) + 8
    canvases = rng.uniform(0, 255, (batch_size, side, side, 3))
    canvases = [cv2.GaussianBlur(c, (0, 0), 2) for c in canvases]
    canvases = 128 + 6 * (np.stack(canvases) - 128)
    canvases = np.clip(canvases, 0, 255).astype(np.uint8)
    (height, width), (query_height, query_width) = SIZES
    return {
        "reference": canvases[:, :height, :width],
        "query": canvases[:, 3 : 3 + query_height, 5 : 5 + query_width],
    }


def as_dtype(pair, dtype):
    """Returns a pair as a signature takes it.

    Args:
        pair: dict of uint8 images.
        dtype: of the signature's inputs; `tf.string` for PNG files.
    """
    if dtype == tf.string:
        return {
            name: tf.stack([tf.io.encode_png(picture) for picture in pictures])
            for name, pictures in pair.items()
        }
    return {name: tf.cast(pictures, dtype) for name, pictures in pair.items()}
