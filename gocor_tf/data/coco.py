"""Objects outlined in COCO, to move on their own (spec training.md, 1.7).

Layout: `annotations/instances_train2014.json` and `images/train2014/`. Used
are outlines of single things (`iscrowd` 0) of more than 1300 pixels.
"""

import json
import os

import cv2
import numpy as np

from gocor_tf.data import photographs

ANNOTATIONS = os.path.join("annotations", "instances_train2014.json")
IMAGES = os.path.join("images", "train2014")
_SMALLEST_AREA = 1300


class CocoCutOuts:
    """The objects of COCO's training images.

    Args:
        coco_dir: folder in the layout above.

    Raises:
        ValueError: if the annotations cannot be read, or outline nothing that
            is large enough.
    """

    def __init__(self, coco_dir):
        self._images = os.path.join(coco_dir, IMAGES)
        path = os.path.join(coco_dir, ANNOTATIONS)
        self._outlines = _read_annotations(path)
        if not self._outlines:
            raise ValueError(
                "`coco_dir` must hold outlines of things of more than "
                f"{_SMALLEST_AREA} pixels. Received: none in '{path}'"
            )

    def __len__(self):
        return len(self._outlines)

    def cut_out(self, rng):
        """Cuts a random object out.

        Args:
            rng: `numpy.random.Generator`; the object depends on it alone.

        Returns:
            `(height, width, 4)` uint8 RGBA, its tight box.

        Raises:
            ValueError: if its image cannot be read; the message has its name.
        """
        name, polygons = self._outlines[rng.integers(len(self._outlines))]
        image = photographs.read_image(os.path.join(self._images, name))
        mask = np.zeros(image.shape[:2], "uint8")
        for polygon in polygons:
            # One by one: where parts overlap, `fillPoly` would leave holes.
            cv2.fillPoly(mask, [np.round(polygon).astype("int32")], 255)
        x, y, width, height = cv2.boundingRect(mask)
        box = slice(y, y + max(height, 1)), slice(x, x + max(width, 1))
        return np.ascontiguousarray(np.dstack([image, mask])[box])


def _read_annotations(path):
    """Returns the file name and the polygons of each object."""
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        files = {image["id"]: image["file_name"] for image in content["images"]}
        outlines = [
            (files[one["image_id"]], _polygons(one["segmentation"]))
            for one in content["annotations"]
            if not one["iscrowd"]
            and one["area"] > _SMALLEST_AREA
            and isinstance(one["segmentation"], list)
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"`coco_dir` must hold COCO's {ANNOTATIONS} and {IMAGES}: "
            f"{type(error).__name__}: {error}. Received: '{path}'"
        ) from error
    return outlines


def _polygons(segmentation):
    """Returns an outline's parts, `(number, 2)` (x, y) in pixels each."""
    return [np.reshape(np.float32(part), (-1, 2)) for part in segmentation]
