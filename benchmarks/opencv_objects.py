"""Moving objects in OpenCV and NumPy, for the yardstick of pair rendering.

Spec training.md, 1.7: each object is pasted, moved and masked in the boxes it
lies in; only what it hides is found on the whole image.
"""

import cv2
import numpy as np

_CLOSING = np.ones((3, 3), "uint8")
_NUM_CUT_OUTS = 32


class OpenCVObjects:
    """Adds moving objects to pairs.

    Args:
        photographs: list of `(height, width, 3)` uint8 arrays, which the
            objects are cut out of beforehand.
        size: side of the images of a pair, in pixels.
        number: objects in a pair.
    """

    def __init__(self, photographs, size, number):
        self._size = size
        self._number = number
        self._pixels = np.arange(size, dtype="float32")
        self._cut_outs = _cut_outs(photographs)

    def add(self, rng, reference, query, flow):
        """Spec 1.7.1, in place; returns where no object hides the match."""
        size = self._size
        background = self._maps(flow)
        hidden = np.zeros((size, size), bool)
        seen = np.zeros((size, size), bool)
        for _ in range(self._number):
            image, shape = self._cut_outs[rng.integers(len(self._cut_outs))]
            place = rng.integers(0, size, 2)
            box, part = _clip(place, shape.shape, size)
            pasted = shape[part] > 0
            np.copyto(reference[box], image[part], where=pasted[..., None])
            motion = _motion(rng, place, size)
            moved_box, moved = self._move(motion, reference, query, box, pasted)
            if moved_box is None:
                hidden[box] |= pasted
                continue
            flow[box] = np.where(
                pasted[..., None], self._object_flow(motion, box), flow[box]
            )
            whole = np.zeros((size, size), "float32")
            whole[moved_box] = moved
            overlaps = (seen[moved_box] & moved).any()
            seen[moved_box] |= moved
            covered = cv2.remap(whole, *background, cv2.INTER_LINEAR)
            hidden |= cv2.morphologyEx(covered, cv2.MORPH_CLOSE, _CLOSING) != 0
            if overlaps:
                covered = cv2.remap(whole, *self._maps(flow), cv2.INTER_LINEAR)
                hidden |= np.floor(covered) != 0
            hidden[box] &= ~pasted
        return ~hidden

    def _maps(self, flow):
        """Returns where a flow points, as `cv2.remap` takes it."""
        return flow[..., 0] + self._pixels, flow[..., 1] + self._pixels[:, None]

    def _object_flow(self, motion, box):
        rows, columns = (self._pixels[s] for s in box)
        flow = project(motion, columns, rows)
        flow[..., 0] -= columns
        flow[..., 1] -= rows[:, None]
        return flow

    def _move(self, motion, reference, query, box, pasted):
        """Draws an object of the reference into the query."""
        size = self._size
        rows, columns = box
        ends = project(
            motion,
            np.float32([columns.start, columns.stop - 1]),
            np.float32([rows.start, rows.stop - 1]),
        ).reshape(-1, 2)
        low = np.clip(np.floor(ends.min(axis=0)).astype(int) - 1, 0, size)
        high = np.clip(np.ceil(ends.max(axis=0)).astype(int) + 2, 0, size)
        if (high <= low).any():
            return None, None
        (left, top), (right, bottom) = low.tolist(), high.tolist()
        matrix = _shift(-left, -top) @ motion
        matrix = matrix @ _shift(columns.start, rows.start)
        extent = right - left, bottom - top
        moved = cv2.warpPerspective(
            255 * pasted.astype("uint8"), matrix, extent
        )
        moved = moved > 0
        if not moved.any():
            return None, None
        image = cv2.warpPerspective(
            reference[box], matrix, extent, borderMode=cv2.BORDER_REPLICATE
        )
        moved_box = slice(top, bottom), slice(left, right)
        np.copyto(query[moved_box], image, where=moved[..., None])
        return moved_box, moved


def project(matrix, columns, rows):
    """Applies a homography to a grid; returns `(rows, columns, 2)`."""
    matrix = matrix.astype("float32")
    x, y, scale = (
        np.add.outer(row[1] * rows + row[2], row[0] * columns) for row in matrix
    )
    return cv2.merge([x / scale, y / scale])


def _clip(place, shape, size):
    """Returns the box of an object in the image, and in the object."""
    box, part = [], []
    for centre, length in zip(place[::-1], shape, strict=True):
        start = int(centre) - length // 2
        low, high = max(start, 0), min(start + length, size)
        box.append(slice(low, high))
        part.append(slice(low - start, high - start))
    return tuple(box), tuple(part)


def _motion(rng, place, size):
    """Spec 1.7.1, step 4, and 1.7.2: reference pixel to query pixel."""
    if rng.uniform() < 0.5:
        shift = rng.integers(-8, 8, 2)
        outside = (place + shift < 0) | (place + shift >= size)
        shift = np.where(outside, -shift, shift)
    else:
        shift = rng.integers(0, size, 2) - place
    rotation = np.eye(3)
    rotation[:2] = cv2.getRotationMatrix2D(
        (size / 2, size / 2), rng.uniform(-30, 30), 1
    )
    zoom = np.exp(rng.uniform(-0.3, 0.3))
    scale = np.diag([zoom, zoom, 1.0])
    scale[:2, 2] = 0.25 * size * (1 - zoom)
    return scale @ rotation @ _shift(*shift)


def _shift(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def _cut_outs(photographs):
    """Returns images and shapes of some objects."""
    rng = np.random.default_rng(0)
    cut_outs = []
    for number in range(_NUM_CUT_OUTS):
        photograph = photographs[number % len(photographs)]
        height, width = rng.integers(50, 200, 2)
        top = rng.integers(photograph.shape[0] - height + 1)
        left = rng.integers(photograph.shape[1] - width + 1)
        image = photograph[top : top + height, left : left + width]
        angle = np.sort(rng.uniform(0, 2 * np.pi, 12))
        radius = rng.uniform(0.6, 1.0, 12) / 2
        corners = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        corners = (0.5 + radius[:, None] * corners) * (width - 1, height - 1)
        shape = np.zeros((height, width), "uint8")
        cv2.fillPoly(shape, [np.rint(corners).astype("int32")], 255)
        cut_outs.append((np.ascontiguousarray(image), shape))
    return cut_outs
