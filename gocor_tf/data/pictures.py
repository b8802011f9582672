"""Images given as paths or arrays, and pictures written to files."""

import os

import numpy as np

from gocor_tf.data import atomic, photographs


def to_image(image, name="image"):
    """Returns an image that was given as a path or as an array.

    Args:
        image: path, or `(height, width, 3)` RGB array in 0..255.
        name: what to call it in an error.

    Returns:
        `(height, width, 3)` uint8 RGB.

    Raises:
        ValueError: if it cannot be read or is not an image.
    """
    if isinstance(image, (str, os.PathLike)):
        return photographs.read_image(image)
    image = photographs.check_image(image, name)
    return np.rint(image).astype(np.uint8)


def write_png(path, image):
    """Writes a picture; the file appears whole or not at all.

    Args:
        path: name of the file.
        image: `(height, width, 3)` uint8 RGB, or `(height, width)` grey.
    """
    atomic.write_bytes(path, photographs.encode_png(image))
