"""Two images as one request: pixels, or files as they are."""

import os
import pathlib

import cv2
import numpy as np

from gocor_tf.data import photographs, pictures

_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"


class ImagePair:
    """What is asked of a server, and what its answer is about.

    JPEG and PNG files that are stored upright travel as they are, to the
    signature `serving_bytes`. Arrays do as pixels, to `serving_uint8`, and so
    do other files: TensorFlow reads neither their format nor their EXIF
    orientation.

    Args:
        reference: `(height, width, 3)` uint8 RGB, a path, or the bytes of an
            image file.
        query: the same; sizes may differ.

    Attributes:
        reference: `(height, width, 3)` uint8 RGB.
        query: `(query_height, query_width, 3)` uint8 RGB.
        signature: name of the signature that the inputs are for.
        inputs: dict "reference" and "query": `(1, height, width, 3)` uint8,
            or `(1,)` bytes objects.
    """

    def __init__(self, reference, query):
        self.reference = _pixels(reference, "reference")
        self.query = _pixels(query, "query")
        files = {"reference": _file(reference), "query": _file(query)}
        if _is_decoded_alike(files["reference"], self.reference) and (
            _is_decoded_alike(files["query"], self.query)
        ):
            self.signature = "serving_bytes"
            self.inputs = {
                name: np.array([file], dtype=object)
                for name, file in files.items()
            }
        else:
            self.signature = "serving_uint8"
            self.inputs = {
                "reference": self.reference[None],
                "query": self.query[None],
            }


def _pixels(image, name):
    if isinstance(image, bytes):
        return photographs.decode_image(image, f"`{name}`")
    return pictures.to_image(image, name)


def _file(image):
    """Returns the bytes of an image file, None for an array."""
    if isinstance(image, (str, os.PathLike)):
        return pathlib.Path(image).read_bytes()
    return image if isinstance(image, bytes) else None


def _is_decoded_alike(file, pixels):
    """Whether TensorFlow, which knows no EXIF, decodes a file as we do."""
    if file is None or not file.startswith((_JPEG, _PNG)):
        return False
    stored = cv2.imdecode(
        np.frombuffer(file, np.uint8),
        cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION,
    )
    return np.array_equal(stored[..., ::-1], pixels)
