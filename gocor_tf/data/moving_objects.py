"""Things that move on their own, pasted into both images (spec 1.7).

Objects come one after the other, later ones in front. Each is pasted into the
reference at a place of its own and into the query where an affine map `h`
takes it: on the object, `flow = h(p) - p`.

Departures from the published generator: the query takes the object's pixels
alone, not what surrounds them in the reference (a rim of one pixel); edges
are soft, and an object is where it covers at least half of a pixel; objects
larger than half an image side are made as small.
"""

import dataclasses

import cv2
import numpy as np
from keras import ops

from gocor_tf.ops.warp import warp, warp_by_mapping

_LARGEST_SHARE = 0.5
_RESCALED_SHARE = (0.1, 0.4)
_SMALL_MOTION = 8
_SMALL_MOTION_PROBABILITY = 0.5
# Of the image: where a zoom has its fixed point (T-5).
_ZOOM_CENTER = 0.25


@dataclasses.dataclass(frozen=True)
class ObjectRanges:
    """What `draw` draws from.

    Args:
        number: objects in a pair that has any.
        probability: share of pairs with objects.
        random_number: whether a pair has 1 to `number` of them.
        rotation: largest rotation about the image's centre, in degrees.
        scale: largest logarithm of the zoom, either way.
    """

    number: int = 4
    probability: float = 0.8
    random_number: bool = False
    rotation: float = 30.0
    scale: float = 0.3

    def __post_init__(self):
        if self.number < 1:
            raise ValueError(
                f"`number` must be > 0. Received: number={self.number}"
            )
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError(
                "`probability` must be in [0, 1]. "
                f"Received: probability={self.probability}"
            )


def draw(rng, size, ranges, cut_outs):
    """Draws the objects of one pair.

    Args:
        rng: `numpy.random.Generator`.
        size: side of the images, in pixels.
        ranges: `ObjectRanges`.
        cut_outs: has `cut_out(rng)`, a `(height, width, 4)` uint8 RGBA image.

    Returns:
        A dict of arrays for `add_objects`, one row for each object there can
        be: `patch` `(number, side, side, 4)` uint8; `corner` `(number, 2)`,
        where it begins in the reference, in pixels; `motion` and `inverse`
        `(number, 2, 3)`, `h` and back, in pixels; `present` `(number,)`.
    """
    number = ranges.number
    if ranges.random_number:
        number = rng.integers(1, number, endpoint=True)
    if rng.uniform() >= ranges.probability:
        number = 0
    side = max(size // 2, 1)
    drawn = {
        "patch": np.zeros((ranges.number, side, side, 4), "uint8"),
        "corner": np.zeros((ranges.number, 2), "float32"),
        "motion": np.tile(np.eye(2, 3, dtype="float32"), (ranges.number, 1, 1)),
        "inverse": np.tile(
            np.eye(2, 3, dtype="float32"), (ranges.number, 1, 1)
        ),
        "present": np.zeros(ranges.number, "float32"),
    }
    for index in range(number):
        patch = _fit(rng, cut_outs.cut_out(rng), size, side)
        height, width = patch.shape[:2]
        place = rng.integers(size, size=2)
        motion = random_affine(
            size,
            rng.uniform(-ranges.rotation, ranges.rotation),
            np.exp(rng.uniform(-ranges.scale, ranges.scale)),
            _translation(rng, place, size),
        )
        drawn["patch"][index, :height, :width] = patch
        drawn["corner"][index] = place - (width // 2, height // 2)
        drawn["motion"][index] = motion[:2]
        drawn["inverse"][index] = np.linalg.inv(motion)[:2]
        drawn["present"][index] = 1
    return drawn


def random_affine(size, angle, zoom, translation):
    """Returns an object's motion, reference to query (spec 1.7.2).

    Args:
        size: side of the images, in pixels.
        angle: counter-clockwise about the image's centre, in degrees.
        zoom: factor, about a quarter of the image.
        translation: (x, y), in pixels; it comes first.

    Returns:
        `(3, 3)` matrix.
    """
    matrix = np.eye(3)
    matrix[:2, 2] = translation
    rotation = np.eye(3)
    rotation[:2] = cv2.getRotationMatrix2D((size / 2, size / 2), angle, 1.0)
    scale = np.diag([zoom, zoom, 1.0])
    scale[:2, 2] = _ZOOM_CENTER * size * (1 - zoom)
    return scale @ rotation @ matrix


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
    size = int(flow.shape[1])
    grid = ops.stack(
        ops.meshgrid(
            ops.arange(size, dtype="float32"), ops.arange(size, dtype="float32")
        ),
        axis=-1,
    )
    background = flow
    moved = hidden = in_query = ops.zeros_like(flow[..., :1])
    for index in range(drawn["patch"].shape[1]):
        one = {name: value[:, index] for name, value in drawn.items()}
        corner = one["corner"][:, None, None]
        reference, on_reference = _paste(reference, one, grid - corner)
        query, on_query = _paste(
            query, one, _transform(one["inverse"], grid) - corner
        )
        is_seen = ops.max(on_query, axis=(1, 2, 3), keepdims=True)
        motion = _transform(one["motion"], grid) - grid
        flow = ops.where(on_reference * is_seen > 0, motion, flow)
        moved = ops.maximum(moved, on_reference * is_seen)
        if with_hidden:
            covered = _close(warp(on_query, background))
            overlaps = ops.max(
                in_query * on_query, axis=(1, 2, 3), keepdims=True
            )
            again = ops.floor(warp(on_query, flow) + 1e-4) * overlaps
            hidden = ops.maximum(hidden, ops.maximum(covered, again))
            hidden = ops.where(on_reference > 0, 1 - is_seen, hidden)
            in_query = ops.maximum(in_query, on_query)
    return {
        "reference": reference,
        "query": query,
        "flow": flow,
        "moved": moved,
        "hidden": hidden,
    }


def _fit(rng, cut_out, size, side):
    """Makes an object smaller where it is too large."""
    area = np.count_nonzero(cut_out[..., 3] > 127)
    scale = 1.0
    if area > _LARGEST_SHARE * size**2:
        scale = rng.uniform(*_RESCALED_SHARE) * size**2 / area
    scale = min(scale, side / max(cut_out.shape[:2]))
    if scale == 1.0:
        return cut_out
    target = [max(int(scale * n), 1) for n in cut_out.shape[1::-1]]
    return cv2.resize(cut_out, target, interpolation=cv2.INTER_AREA)


def _translation(rng, place, size):
    """Returns where an object goes from its place, in pixels."""
    if rng.uniform() >= _SMALL_MOTION_PROBABILITY:
        return rng.integers(size, size=2) - place
    step = rng.integers(-_SMALL_MOTION, _SMALL_MOTION, size=2)
    leaves = (place + step < 0) | (place + step >= size)
    return np.where(leaves, -step, step)


def _paste(image, one, positions):
    """Returns the image with an object, and where that is."""
    patch = warp_by_mapping(one["patch"], positions)
    alpha = patch[..., 3:] * (1 / 255)
    alpha = alpha * ops.reshape(one["present"], (-1, 1, 1, 1))
    image = image + alpha * (patch[..., :3] - image)
    return image, ops.cast(alpha > 0.5, "float32")


def _transform(matrix, grid):
    """Maps a grid of positions: sums written out keep float32's precision."""
    matrix = matrix[:, None, None]
    return ops.stack(
        [
            matrix[..., row, 0] * grid[..., 0]
            + matrix[..., row, 1] * grid[..., 1]
            + matrix[..., row, 2]
            for row in range(2)
        ],
        axis=-1,
    )


def _close(mask):
    """Fills gaps: 1 where any part of a dilated, then eroded, mask is."""
    widened = _neighbourhood(mask, ops.maximum, 0.0)
    return ops.cast(_neighbourhood(widened, ops.minimum, 1.0) > 0, "float32")


def _neighbourhood(mask, reduce, border):
    """Reduces 3 x 3 pixels by shifted copies, far quicker than pooling."""
    for axis in (1, 2):
        pads = [(int(n == axis),) * 2 for n in range(4)]
        padded = ops.pad(mask, pads, constant_values=border)
        parts = [slice(None)] * 4
        shifted = []
        for start in range(3):
            parts[axis] = slice(start, start + mask.shape[axis])
            shifted.append(padded[tuple(parts)])
        mask = reduce(reduce(*shifted[:2]), shifted[2])
    return mask
