"""Layers of moving objects, to be laid over the two images of a pair.

Objects are far smaller than images: on the host, each is pasted and moved in
the box it needs, at a hundredth of the price of warping whole images.
"""

import dataclasses

import cv2
import numpy as np

# An object is a bit of a byte.
MOST_OBJECTS = 8


@dataclasses.dataclass(frozen=True)
class MovingObject:
    """A cut-out, its place and its motion.

    Args:
        image: `(height, width, 4)` uint8 RGBA.
        corner: (x, y) of its first pixel in the reference.
        motion: `(3, 3)`, `h`, from the reference to the query, in pixels.
    """

    image: np.ndarray
    corner: np.ndarray
    motion: np.ndarray


def compose(objects, size, most):
    """Pastes objects into two empty layers.

    Args:
        objects: list of `MovingObject`, from back to front, each at least
            partly in the reference.
        size: side of the images, in pixels.
        most: number of objects that arrays have room for.

    Returns:
        A dict of arrays for `add_objects`: `reference` and `query` `(size,
        size, 4)` uint8 RGBA, colours multiplied by alpha; of `(size, size)`
        uint8, counting objects from 1: `last`, the front one in the reference;
        `moved_by`, the front one of those that the query shows; `in_query`, a
        bit for each that the query shows there; `motion` `(most, 2, 3)`
        float32, `h(p) - p`, in pixels.
    """
    maps = ("last", "moved_by", "in_query")
    drawn = {name: np.zeros((size, size), "uint8") for name in maps}
    for name in ("reference", "query"):
        drawn[name] = np.zeros((size, size, 4), "uint8")
    drawn["motion"] = np.zeros((most, 2, 3), "float32")
    for index, one in enumerate(objects):
        drawn["motion"][index] = (one.motion - np.eye(3))[:2]
        image, box = _clip(one, size)
        is_object = _paste(drawn["reference"][box], image)
        drawn["last"][box][is_object] = index + 1
        moved, moved_box = _move(image, box, one.motion, size)
        is_moved = _paste(drawn["query"][moved_box], moved)
        if is_moved.any():
            drawn["moved_by"][box][is_object] = index + 1
            drawn["in_query"][moved_box][is_moved] |= 1 << index
    return drawn


def _clip(one, size):
    """Cuts an object off at the image's borders; returns it and its box."""
    height, width = one.image.shape[:2]
    (left, top), (right, bottom) = (
        np.clip(edge, 0, size)
        for edge in (one.corner, one.corner + (width, height))
    )
    x, y = one.corner
    part = one.image[top - y : bottom - y, left - x : right - x]
    alpha = np.repeat(part[..., 3:], 4, axis=-1)
    alpha[..., 3] = 255
    part = cv2.multiply(part, alpha, scale=1 / 255)
    return part, (slice(top, bottom), slice(left, right))


def _move(image, box, motion, size):
    """Moves an object; returns it and its box, cut off at the borders."""
    rows, columns = box
    x, y = np.meshgrid(
        (columns.start - 1, columns.stop), (rows.start - 1, rows.stop)
    )
    ends = motion[:2] @ np.stack([x.ravel(), y.ravel(), np.ones(4)])
    low = np.clip(np.floor(ends.min(axis=1)), 0, size - 1).astype(int)
    high = np.clip(np.ceil(ends.max(axis=1)), low, size - 1).astype(int) + 1
    matrix = motion[:2].copy()
    matrix[:, 2] += matrix[:, :2] @ (columns.start, rows.start) - low
    moved = cv2.warpAffine(image, matrix, (high - low).tolist())
    return moved, (slice(low[1], high[1]), slice(low[0], high[0]))


def _paste(layer, image):
    """Puts an object in front, in place; returns where it is."""
    alpha = image[..., 3]
    rest = np.repeat(255 - alpha[..., None], 4, axis=-1)
    layer[:] = cv2.add(image, cv2.multiply(layer, rest, scale=1 / 255))
    return alpha > 127
