"""Things that move on their own, pasted into both images (spec 1.7).

Objects come one after the other, later ones in front. Each is pasted into the
reference at a place of its own, cut off at the image's borders, and into the
query where an affine map `h` takes it: on the object, `flow = h(p) - p`.

The host pastes the cut-outs into a layer for each image, see `object_layers`.
The flow and what objects hide follow from a few maps of small integers, in the
training step.

Departures from the published generator: the query takes the object's pixels
alone, not what surrounds them in the reference (a rim of one pixel), and where
edges are soft, an object is where it covers more than half of a pixel.
"""

import dataclasses

import cv2
import numpy as np
from keras import ops

from gocor_tf.data.object_layers import MOST_OBJECTS, MovingObject, compose

_LARGEST_SHARE = 0.5
_RESCALED_SHARE = (0.1, 0.4)
# Of the image: where a zoom has its fixed point (T-5).
_ZOOM_CENTER = 0.25
# The published generator samples at positions in steps of 1/32 pixel.
_STEPS = 32


@dataclasses.dataclass(frozen=True)
class ObjectRanges:
    """What `draw` draws from.

    Args:
        number: objects in a pair that has any, at most 8.
        probability: share of pairs with objects.
        random_number: whether a pair has 1 to `number` of them.
        rotation: largest rotation about the image's centre, in degrees.
        scale: largest logarithm of the zoom, either way.
        shear: largest shear along each axis.
        aspect: largest logarithm of the vertical stretch, either way.
        flip_probability: share of mirrored objects.
        small_motion: largest small step, in pixels.
        small_motion_probability: share of objects that make a small step
            along each axis; others go anywhere in the image.
    """

    number: int = 4
    probability: float = 0.8
    random_number: bool = False
    rotation: float = 30.0
    scale: float = 0.3
    shear: float = 0.0
    aspect: float = 0.0
    flip_probability: float = 0.0
    small_motion: int = 8
    small_motion_probability: float = 0.5

    def __post_init__(self):
        if not 1 <= self.number <= MOST_OBJECTS:
            raise ValueError(
                f"`number` must be in [1, {MOST_OBJECTS}]. "
                f"Received: number={self.number}"
            )
        if self.small_motion < 1:
            raise ValueError(
                "`small_motion` must be > 0. "
                f"Received: small_motion={self.small_motion}"
            )
        for name in ("rotation", "scale", "shear", "aspect"):
            value = getattr(self, name)
            if value < 0:
                raise ValueError(
                    f"`{name}` must be >= 0. Received: {name}={value}"
                )
        for name in (
            "probability",
            "flip_probability",
            "small_motion_probability",
        ):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ValueError(
                    f"`{name}` must be in [0, 1]. Received: {name}={value}"
                )


def draw(rng, size, ranges, cut_outs):
    """Draws the objects of one pair, and pastes them into two empty layers.

    Args:
        rng: `numpy.random.Generator`.
        size: side of the images, in pixels.
        ranges: `ObjectRanges`.
        cut_outs: has `cut_out(rng)`, a `(height, width, 4)` uint8 RGBA image.

    Returns:
        The arrays of `compose`.
    """
    objects = draw_objects(rng, size, ranges, cut_outs)
    return compose(objects, size, ranges.number)


def draw_objects(rng, size, ranges, cut_outs):
    """Draws the objects of one pair: a list of `MovingObject`, see `draw`."""
    number = ranges.number
    if ranges.random_number:
        number = rng.integers(1, number, endpoint=True)
    if rng.uniform() >= ranges.probability:
        number = 0
    objects = []
    for _ in range(number):
        image = _reduce(rng, cut_outs.cut_out(rng), size)
        height, width = image.shape[:2]
        place = rng.integers(size, size=2)
        motion = _draw_motion(rng, size, ranges, place)
        corner = place - (width // 2, height // 2)
        objects.append(MovingObject(image, corner, motion))
    return objects


def random_affine(size, angle, zoom, translation, *, shear=0.0, flips=False):
    """Returns an object's motion, reference to query (spec 1.7.2).

    Args:
        size: side of the images, in pixels.
        angle: counter-clockwise about the image's centre, in degrees.
        zoom: factor, or (x, y) factors, about a quarter of the image.
        translation: (x, y), in pixels; it comes first.
        shear: factor, or (x, y) factors, about the image's centre.
        flips: whether left and right are exchanged, before shear.

    Returns:
        `(3, 3)` matrix.
    """
    shift, flip, skew, rotation, scale = np.tile(np.eye(3), (5, 1, 1))
    shift[:2, 2] = translation
    if flips:
        flip[0] = -1, 0, size
    skew[[0, 1], [1, 0]] = shear
    skew[:2, 2] = -0.5 * size * np.broadcast_to(shear, 2)
    rotation[:2] = cv2.getRotationMatrix2D((size / 2, size / 2), angle, 1.0)
    zoom = np.broadcast_to(zoom, 2)
    scale[[0, 1], [0, 1]] = zoom
    scale[:2, 2] = _ZOOM_CENTER * size * (1 - zoom)
    return scale @ rotation @ skew @ flip @ shift


def add_objects(drawn, reference, query, flow, with_hidden):
    """Pastes the objects into both images, and into the flow.

    Args:
        drawn: dicts of `draw`, stacked, as arrays or tensors.
        reference: `(batch, size, size, 3)` in 0..255.
        query: the same.
        flow: `(batch, size, size, 2)` of the background, in pixels.
        with_hidden: whether to find out what objects hide.

    Returns:
        A dict: `reference`, `query` and `flow` with the objects; `moved`
        `(batch, size, size, 1)`, 1 on objects that both images show; `hidden`,
        1 where an object covers the match in the query, or lies outside of it
        (0 everywhere unless asked for).
    """
    grid = _grid(int(flow.shape[1]))
    moved_by = ops.cast(drawn["moved_by"], "int32")
    is_moved = (moved_by > 0)[..., None]
    motion = _motion_at(drawn["motion"], moved_by, grid)
    new_flow = ops.where(is_moved, motion, flow)
    moved = ops.cast(is_moved, "float32")
    hidden = ops.zeros_like(moved)
    if with_hidden:
        hidden = _hidden(drawn, flow + grid, new_flow + grid)
    return {
        "reference": _blend(reference, drawn["reference"]),
        "query": _blend(query, drawn["query"]),
        "flow": new_flow,
        "moved": moved,
        "hidden": hidden,
    }


def _reduce(rng, cut_out, size):
    """Makes a very large object smaller, as published."""
    area = np.count_nonzero(cut_out[..., 3] > 127)
    if area <= _LARGEST_SHARE * size**2:
        return cut_out
    scale = rng.uniform(*_RESCALED_SHARE) * size**2 / area
    sides = [max(int(scale * n), 1) for n in cut_out.shape[1::-1]]
    return cv2.resize(cut_out, sides, interpolation=cv2.INTER_AREA)


def _draw_motion(rng, size, ranges, place):
    """Draws `h` of an object at a place (spec 1.7.1, step 4, and 1.7.2)."""
    if rng.uniform() < ranges.small_motion_probability:
        step = rng.integers(-ranges.small_motion, ranges.small_motion, size=2)
        leaves = (place + step < 0) | (place + step >= size)
        step = np.where(leaves, -step, step)
    else:
        step = rng.integers(size, size=2) - place
    zoom = rng.uniform(-ranges.scale, ranges.scale)
    aspect = rng.uniform(-ranges.aspect, ranges.aspect)
    return random_affine(
        size,
        rng.uniform(-ranges.rotation, ranges.rotation),
        np.exp([zoom, zoom + aspect]),
        step,
        shear=rng.uniform(-ranges.shear, ranges.shear, 2),
        flips=rng.uniform() < ranges.flip_probability,
    )


def _grid(size):
    pixels = ops.arange(size, dtype="float32")
    return ops.stack(ops.meshgrid(pixels, pixels), axis=-1)


def _blend(image, layer):
    layer = ops.cast(layer, "float32")
    return image * (1 - layer[..., 3:] / 255) + layer[..., :3]


def _motion_at(motion, moved_by, grid):
    """Returns the motion of the object at each pixel, in pixels."""
    batch, most = ops.shape(motion)[:2]
    first = ops.reshape(most * ops.arange(batch, dtype="int32"), (-1, 1, 1))
    index = first + ops.maximum(moved_by - 1, 0)
    rows = ops.transpose(ops.reshape(motion, (-1, 2, 3)), (2, 0, 1))
    x, y, shift = (ops.take(rows[n], index, axis=0) for n in range(3))
    return x * grid[..., :1] + y * grid[..., 1:] + shift


def _hidden(drawn, background, mapping):
    """Returns 1 where the match is hidden (spec 1.7.1, step 7).

    All objects at once, a bit each: those in front of a pixel's own object
    hide it. Whether they overlap another one need not be asked: where they do
    not, no object's match lies among their pixels.
    """
    in_query = drawn["in_query"]
    covered = _close(_combine(ops.bitwise_or, _corners(in_query, background)))
    again = _combine(ops.bitwise_and, _corners(in_query, mapping))
    covered = ops.bitwise_or(covered, again)
    last = ops.cast(drawn["last"], "int32")
    # Objects before the pixel's own do not count.
    covered = ops.right_shift(ops.cast(covered, "int32"), last)
    is_lost = ops.not_equal(drawn["last"], drawn["moved_by"])
    hidden = ops.logical_or(covered > 0, is_lost)
    return ops.cast(hidden, "float32")[..., None]


def _corners(bits, mapping):
    """Returns the bits of the up to four pixels around each position."""
    batch, size = ops.shape(bits)[:2]
    side = size + 2
    padded = ops.reshape(ops.pad(bits, ((0, 0), (1, 1), (1, 1))), (-1,))
    position = ops.round(_STEPS * mapping) / _STEPS
    reachable = ops.logical_and(position > -1, position < size)
    position = ops.where(reachable, position, -1.0) + 1.0
    first = ops.reshape(ops.arange(batch, dtype="int32"), (-1, 1, 1)) * side
    lower = ops.cast(ops.floor(position), "int32")
    upper = ops.cast(ops.ceil(position), "int32")
    return [
        ops.take(padded, (first + row[..., 1]) * side + column[..., 0])
        for row in (lower, upper)
        for column in (lower, upper)
    ]


def _combine(operation, parts):
    result = parts[0]
    for part in parts[1:]:
        result = operation(result, part)
    return result


def _close(bits):
    """Fills gaps: 3x3 dilation, then erosion; borders count as neither."""
    for operation, outside in ((ops.bitwise_or, 0), (ops.bitwise_and, 255)):
        rows = ops.pad(bits, ((0, 0), (1, 1), (0, 0)), constant_values=outside)
        bits = _combine(operation, (rows[:, :-2], bits, rows[:, 2:]))
        columns = ops.pad(
            bits, ((0, 0), (0, 0), (1, 1)), constant_values=outside
        )
        bits = _combine(operation, (columns[..., :-2], bits, columns[..., 2:]))
    return bits
