"""Pictures for the tests of exported networks, as arrays and as files."""

import struct

import cv2
import numpy as np
import tensorflow as tf


def images(batch, height, width, seed=0):
    """Returns random uint8 pixels."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (batch, height, width, 3), np.uint8)


def encode(ending, picture, *parameters):
    """Returns a file of RGB pixels."""
    bgr = np.ascontiguousarray(picture[..., ::-1])
    return cv2.imencode(ending, bgr, parameters)[1].tobytes()


def png_files(pictures):
    return tf.constant([encode(".png", picture) for picture in pictures])


def png_that_claims(height, width):
    """Returns a file of 8 x 8 pixels whose header claims another size."""
    file = encode(".png", images(1, 8, 8)[0])
    return file[:16] + struct.pack(">II", width, height) + file[24:]


def jpeg_that_claims(height, width):
    """Returns a file of 8 x 8 pixels whose header claims another size."""
    file = encode(".jpg", images(1, 8, 8)[0])
    size = file.index(b"\xff\xc0") + 5
    return file[:size] + struct.pack(">HH", height, width) + file[size + 4 :]


def webp_that_claims(height, width):
    """Returns the header of an extended WebP file of some size."""
    size = struct.pack("<II", width - 1, height - 1)
    canvas = b"\0" * 4 + size[:3] + size[4:7]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body
