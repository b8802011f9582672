"""Pieces of photographs that the two images of a pair are made of."""

import cv2
import numpy as np

_MARGIN = 0.03


def cut_view(image, view, size, units):
    """Cuts a view out of an image.

    Args:
        image: `(height, width, 3)` uint8.
        view: `(2, 3)`, from the units of a law to pixels of the image.
        size: side of the view, in pixels.
        units: half the extent and the centre of the law's units, in pixels.

    Returns:
        `(size, size, 3)` uint8; zeros replace what the image lacks.
    """
    half_extent, centre = units
    matrix = np.array(view, "float64")
    matrix[:, :2] /= half_extent
    matrix[:, 2] -= matrix[:, :2].sum(axis=1) * centre
    whole = np.round(matrix)
    if np.allclose(matrix, whole, rtol=0, atol=1e-6) and np.array_equal(
        whole[:, :2], np.eye(2)
    ):
        left, top = whole[:, 2].astype(int)
        cut = image[max(top, 0) : top + size, max(left, 0) : left + size]
        if cut.shape[:2] == (size, size):
            return cut
    return cv2.warpAffine(
        image,
        matrix,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )


def cut_upright_view(photograph, view, size, units):
    """Resizes a piece of a photograph, cut between pixels, to a view.

    Args:
        photograph: `(height, width, 3)` uint8.
        view: `(2, 3)`, from the units of a law to pixels of the photograph;
            it must neither rotate nor shear.
        size: side of the view, in pixels.
        units: half the extent and the centre of the law's units, in pixels.

    Returns:
        `(size, size, 3)` uint8, and the `(2, 3)` view that it really is, not
        quite the one asked for: several times faster than `cut_view`.
    """
    half_extent, centre = units
    scale, shift = np.diag(view[:, :2]) / half_extent, view[:, 2]
    borders = np.array([(-0.5,), (size - 0.5,)]) - centre
    borders = np.round(borders * scale + shift + 0.5).astype(int)
    sides = np.maximum(borders[1] - borders[0], 1)
    # A pixel more all around, for the interpolation.
    (left, top), (right, bottom) = borders + [(-1,), (1,)]
    width, height = photograph.shape[1::-1]
    if min(left, top) < 0 or right > width or bottom > height:
        return cut_view(photograph, view, size, units), view
    larger_size = np.round(size * (sides + 2) / sides).astype(int)
    image = cv2.resize(
        photograph[top:bottom, left:right],
        larger_size,
        interpolation=cv2.INTER_LINEAR,
    )
    start = (larger_size - size) // 2
    image = image[start[1] : start[1] + size, start[0] : start[0] + size]
    scale = np.array([right - left, bottom - top]) / larger_size
    shift = (left, top) + (centre + start + 0.5) * scale - 0.5
    return image, np.column_stack([np.diag(scale * half_extent), shift])


def cut_piece(photograph, positions, limits, side):
    """Cuts out the piece around some positions, small enough for a square.

    Args:
        photograph: `(height, width, 3)` uint8.
        positions: `(number, 2)` pixels (x, y), which may lie outside.
        limits: `(2, 2)`, first and last (x, y) that may be used, in pixels.
        side: of the square, in pixels.

    Returns:
        The square, `(side, side, 3)` uint8, with the piece in its first
        corner and zeros elsewhere; first and last (x, y) of the piece on it;
        and the `(2, 3)` matrix from pixels of the photograph to pixels of the
        square.
    """
    low, high = positions.min(axis=0), positions.max(axis=0)
    margin = 2 + _MARGIN * (high - low)
    left, top = np.clip(np.floor(low - margin), *limits).astype(int)
    right, bottom = np.clip(np.ceil(high + margin), *limits).astype(int)
    piece = photograph[top : bottom + 1, left : right + 1]
    size = np.minimum(piece.shape[1::-1], side)
    scale = size / piece.shape[1::-1]
    if scale.min() < 1:
        piece = cv2.resize(piece, size, interpolation=cv2.INTER_AREA)
    square = np.zeros((side, side, 3), "uint8")
    square[: size[1], : size[0]] = piece
    shift = scale * (0.5 - np.array([left, top])) - 0.5
    matrix = np.column_stack([np.diag(scale), shift])
    return square, np.array([(0, 0), size - 1]), matrix


def stretch(photograph, size):
    """Resizes a photograph to a square.

    Args:
        photograph: `(height, width, 3)` uint8.
        size: side of the square, in pixels.
    """
    shrinks = min(photograph.shape[:2]) > size
    return cv2.resize(
        photograph,
        (size, size),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )


def blur(image, sigma):
    """Blurs an image; what is below a third of a pixel is left out.

    Args:
        image: `(height, width, 3)` uint8.
        sigma: standard deviation, in pixels.
    """
    if sigma < 1 / 3:
        return image
    return cv2.GaussianBlur(image, (0, 0), float(sigma))
