"""Photographs by number, decoded when needed and kept while memory lasts."""

import os
import threading

import cv2
import numpy as np

from gocor_tf.data import photographs


class PhotographCache:
    """A list of photographs; may be read from several threads.

    Args:
        images: a folder, a list of file names, or a list of `(height, width,
            3)` RGB arrays.
        megabytes: decoded photographs kept, the first ones that are asked
            for; others are decoded whenever they are needed.
        needed_side: photographs are reduced to this short side, in pixels;
            None: never.
    """

    def __init__(self, images, megabytes, needed_side=None):
        if isinstance(images, (str, os.PathLike)):
            images = photographs.list_photographs(images)
        if not len(images):
            raise ValueError(
                "`images` must be a folder or a list of photographs. "
                f"Received: images={images}"
            )
        self.images = [
            image
            if isinstance(image, (str, os.PathLike))
            else photographs.check_image(image, f"images[{number}]")
            for number, image in enumerate(images)
        ]
        self._needed_side = needed_side
        self._left = megabytes * 2**20
        self._kept = {}
        self._lock = threading.Lock()

    def __len__(self):
        return len(self.images)

    def __getitem__(self, number):
        """Returns a `(height, width, 3)` uint8 photograph.

        Raises:
            ValueError: if its file cannot be read; the message has its name.
        """
        key = self.images[number]
        key = os.fspath(key) if isinstance(key, (str, os.PathLike)) else number
        if key in self._kept:
            return self._kept[key]
        image = self._load(number)
        with self._lock:
            if key not in self._kept and image.nbytes <= self._left:
                self._left -= image.nbytes
                self._kept[key] = image
        return image

    def _load(self, number):
        image = self.images[number]
        if isinstance(image, (str, os.PathLike)):
            image = photographs.read_image(image)
        if self._needed_side is not None:
            scale = self._needed_side / min(image.shape[:2])
            if scale < 1:
                size = [round(scale * side) for side in image.shape[1::-1]]
                image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(image.astype("uint8"))
