"""Seeing a pair in another frame, and bringing the answer back.

A view warps both images into a frame of its own, where a network may find them
easier to match: the query as a homography shows it from the reference, one
image turned, or the part of one that the other magnifies.
"""

import dataclasses
import itertools

import cv2
import numpy as np

# Share of a sample's weight that must fall inside an image (spec models.md,
# 9.4, step 5).
_MIN_WEIGHT = 0.98
# What a frame shows of an image is cut out with so much around it, in px.
_MARGIN = 8
# Points along the short side at which two images are compared.
_GRID = 64
_MIN_SIDE = 8


@dataclasses.dataclass(frozen=True)
class View:
    """Where the pixels of a pair lie in a frame.

    Attributes:
        reference_to_frame: `(3, 3)` homography.
        query_to_frame: `(3, 3)` homography.
        size: `(height, width)` of the frame.
    """

    reference_to_frame: np.ndarray
    query_to_frame: np.ndarray
    size: tuple[int, int]

    @property
    def homography(self):
        """The homography from reference to query that the view undoes."""
        return np.linalg.inv(self.query_to_frame) @ self.reference_to_frame

    def show(self, reference, query):
        """Returns both images as seen in the frame, black outside of them."""
        return (
            warp_image(reference, self.reference_to_frame, self.size),
            warp_image(query, self.query_to_frame, self.size),
        )

    def stretched(self, size):
        """Returns the view in a frame of another size."""
        stretch = scaling(self.size, size)
        return View(
            stretch @ self.reference_to_frame,
            stretch @ self.query_to_frame,
            size,
        )

    def parts(self, reference_size, query_size):
        """Returns the parts of both images that the frame shows.

        Returns:
            The view of the parts alone, and the parts: slices of rows and
            columns of the reference and of the query.
        """
        homographies, parts = [], []
        for homography, size in (
            (self.reference_to_frame, reference_size),
            (self.query_to_frame, query_size),
        ):
            rows, columns = _seen_box(homography, self.size, size)
            shift = _translation((columns.start, rows.start))
            homographies.append(homography @ shift)
            parts.append((rows, columns))
        return View(*homographies, self.size), *parts

    def share_of_reference(self, reference_size):
        """Returns the frame's size as a fraction of the reference's."""
        side = self._side(np.linalg.inv(self.reference_to_frame))
        return side * float(
            np.sqrt(np.prod(self.size) / np.prod(reference_size))
        )

    def pixel_in_query(self):
        """Returns the side of a pixel of the frame, in px of the query."""
        return self._side(np.linalg.inv(self.query_to_frame))

    def _side(self, from_frame):
        """Returns the side of the frame's central pixel, seen elsewhere."""
        centre = (np.array(self.size[::-1]) - 1) / 2
        corners = centre + np.array([[0, 0], [1, 0], [0, 1]])
        seen = map_points(from_frame, corners)
        return float(np.sqrt(abs(np.linalg.det(seen[1:] - seen[0]))))

    def bring_back(self, flow, trust, reference_size, query_size):
        """Turns the match of the two seen images into one of the originals.

        Args:
            flow: `(*size, 2)`, between the images that `show` returns.
            trust: `(*size, channels)`, what is known about it.
            reference_size: `(height, width)` of the reference.
            query_size: `(height, width)` of the query.

        Returns:
            The flow, `(*reference_size, 2)` float32 in px of the query, the
            trust, and where both are known: where the reference lies in the
            frame, and its match in the frame and in the query.
        """
        grid = pixel_grid(reference_size)
        seen = map_points(self.reference_to_frame, grid)
        sampled = _sample(np.dstack([flow, trust]), seen)
        landing = seen + sampled[..., :2]
        matches = map_points(np.linalg.inv(self.query_to_frame), landing)
        known = (
            is_inside(seen, self.size)
            & is_inside(landing, self.size)
            & is_inside(matches, query_size)
        )
        return (
            (matches - grid).astype(np.float32),
            sampled[..., 2:],
            known,
        )


def warp_image(image, homography, size):
    """Shows an image in a frame, free of aliasing where it is shrunk.

    Args:
        image: `(height, width, 3)` uint8.
        homography: `(3, 3)`, from image to frame.
        size: `(height, width)` of the frame.

    Returns:
        `(*size, 3)` uint8, black outside the image.
    """
    if size == image.shape[:2] and np.array_equal(homography, np.eye(3)):
        return image
    shrunk, scale = _shrink(image, homography)
    return cv2.warpPerspective(
        shrunk,
        homography @ np.linalg.inv(scale),
        size[::-1],
        flags=cv2.INTER_LINEAR,
    )


def map_points(homography, points):
    """Maps points, `(..., 2)` xy, by a `(3, 3)` homography."""
    mapped = np.asarray(points, np.float64) @ homography[:, :2].T
    mapped += homography[:, 2]
    # Points on the horizon land far away instead of nowhere.
    depth = mapped[..., 2:]
    return mapped[..., :2] / np.where(np.abs(depth) < 1e-8, 1e-8, depth)


def scaling(size, new_size):
    """Returns the homography that stretches one size to another.

    Pixel centres map by `(p + 0.5) * scale - 0.5`.
    """
    y, x = np.divide(new_size, size)
    return np.array([[x, 0, x / 2 - 0.5], [0, y, y / 2 - 0.5], [0, 0, 1]])


def pixel_grid(size):
    """Returns the xy of each pixel, `(height, width, 2)`."""
    return box_grid((slice(0, size[0]), slice(0, size[1])))


def box_grid(box, step=1):
    """Returns the xy of every n-th pixel in slices of rows and columns."""
    axes = [np.arange(side.start, side.stop, step) for side in box[::-1]]
    return np.stack(np.meshgrid(*axes), axis=-1)


def _shrink(image, homography):
    """Averages an image to the size at which the homography shows it.

    Returns:
        The image, and the homography from the image as it was.
    """
    size = image.shape[:2]
    centre = (np.array(size[::-1]) - 1) / 2
    step = map_points(homography, centre + [[0, 0], [1, 0], [0, 1]])
    scales = np.linalg.norm(step[1:] - step[0], axis=-1)[::-1]
    new_size = [
        max(1, round(length * min(1.0, max(scale, 1e-3))))
        for length, scale in zip(size, scales, strict=True)
    ]
    if tuple(new_size) == size:
        return image, np.eye(3)
    shrunk = cv2.resize(image, new_size[::-1], interpolation=cv2.INTER_AREA)
    return shrunk, scaling(size, new_size)


def _sample(array, points):
    """Samples an array at points, its border value beyond it."""
    return cv2.remap(
        array.astype(np.float32),
        points.astype(np.float32),
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


def is_inside(points, size):
    """Returns whether samples at points take their weight from an image.

    Args:
        points: `(..., 2)` xy, in px.
        size: `(height, width)` of the image.
    """
    margin = 1 - _MIN_WEIGHT
    limits = np.array(size[::-1]) - 1 + margin
    return ((points >= -margin) & (points <= limits)).all(-1)


def overlap_view(homography, reference_size, query_size, box=None):
    """Returns the view of what two images share, filled as well as can be.

    The frame is the box of the shared part in the grid of the reference or of
    the query, whichever it fills better, at that image's own resolution: black
    borders mislead a network.

    Args:
        homography: `(3, 3)`, from reference to query.
        reference_size: `(height, width)`.
        query_size: `(height, width)`.
        box: slices of rows and columns of the reference, to see a part of it
            only.

    Returns:
        A `View`; None if less than 8 x 8 pixels are shared.
    """
    inverse = np.linalg.inv(homography)
    box = box or (slice(0, reference_size[0]), slice(0, reference_size[1]))
    whole = slice(0, query_size[0]), slice(0, query_size[1])
    boxes = (
        _shared_box(homography, box, whole),
        _shared_box(inverse, whole, box),
    )
    if None in boxes:
        return None
    (fill, origin, size), (query_fill, query_origin, query_frame) = boxes
    if fill >= query_fill:
        to_frame = _translation(-origin)
        return View(to_frame, to_frame @ inverse, size)
    to_frame = _translation(-query_origin)
    return View(to_frame @ homography, to_frame, query_frame)


def _shared_box(homography, box, other_box):
    """Returns how full the box of shared pixels is, its origin and size."""
    stops = box[1].stop, box[0].stop
    step = max(1, min(side.stop - side.start for side in box) // _GRID)
    points = box_grid(box, step)
    other_starts = other_box[1].start, other_box[0].start
    other_size = tuple(side.stop - side.start for side in other_box)
    mapped = map_points(homography, points) - other_starts
    shared = points[is_inside(mapped, other_size)]
    if not len(shared):
        return None
    low, high = (
        shared.min(0),
        np.minimum(shared.max(0) + step, stops),
    )
    width, height = (int(x) for x in high - low)
    if min(width, height) < _MIN_SIDE:
        return None
    fill = len(shared) * step**2 / (width * height)
    return fill, low, (height, width)


def _seen_box(to_frame, frame_size, size):
    """Returns the rows and columns of an image that a frame shows."""
    height, width = frame_size
    corners = np.array(list(itertools.product((0, width), (0, height)))) - 0.5
    back = np.linalg.inv(to_frame)
    depths = corners @ back[2, :2] + back[2, 2]
    if depths.min() * depths.max() <= 0:
        # The frame shows the horizon: no box is known to hold it all.
        return slice(0, size[0]), slice(0, size[1])
    seen = map_points(back, corners)
    low = np.floor(seen.min(0)) - _MARGIN
    high = np.ceil(seen.max(0)) + _MARGIN
    last = np.array(size[::-1])
    starts = np.clip(low, 0, last - 1).astype(int)
    stops = np.clip(high, starts + 1, last).astype(int)
    columns, rows = map(slice, starts.tolist(), stops.tolist())
    return rows, columns


def _translation(shift):
    matrix = np.eye(3)
    matrix[:2, 2] = shift
    return matrix
