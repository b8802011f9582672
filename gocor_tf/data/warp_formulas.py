"""Formulas of warps: thin-plate splines, homographies and similarities.

Convention:
    Positions are in units of a view: its corners are at -1 and +1. What a
    corner is, the outer edge of a pixel or its centre, and so where pixel `p`
    is, differs between the laws that draw warps: `p = half_extent * u +
    centre`.
"""

import functools

import numpy as np

CORNERS = np.array([(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)])
CONTROL_POINTS = np.array(
    [(x, y) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0)]
)
# Keeps a reference pixel that matches a point at infinity finite.
_SMALLEST_DIVISOR = 1e-8


def pixel_points(size, half_extent, centre):
    """Returns the positions of all pixels of an image.

    Args:
        size: side of the image, in pixels.
        half_extent: pixels from the middle of the view to its corners.
        centre: the pixel in the middle of the view, may be fractional.

    Returns:
        `(size * size, 2)` float64 positions (x, y), row-major.
    """
    side = (np.arange(size) - centre) / half_extent
    x, y = np.meshgrid(side, side)
    return np.stack([x.ravel(), y.ravel()], axis=-1)


def view_points(size):
    """Returns `pixel_points` of a view whose outer edges are at -1 and +1.

    Args:
        size: side of the view, in pixels.
    """
    return pixel_points(size, size / 2, (size - 1) / 2)


def spline_basis(points):
    """Returns the thin-plate spline's basis functions at some positions.

    Args:
        points: `(number, 2)` positions.

    Returns:
        `(12, number)` float32: the nine kernels, one, x and y.
    """
    return np.stack(spline_functions(*points.T)).astype("float32")


def spline_functions(x, y):
    """Returns the same in the precision of the positions.

    Args:
        x: array of positions.
        y: the same.

    Returns:
        A list of 12 arrays of the shape of `x`.
    """
    kernels = []
    for control_x, control_y in CONTROL_POINTS.tolist():
        squared = np.square(x - control_x) + np.square(y - control_y)
        kernels.append(squared * np.log(np.maximum(squared, 1e-30)))
    return [*kernels, np.ones_like(x), x, y]


def map_points(basis, homography, spline):
    """Maps positions by `H(T(u))`; arrays of NumPy or of any backend.

    Sums written out: a matrix product may run in reduced precision on an
    accelerator, which positions cannot afford.

    Args:
        basis: `(12, number)` from `spline_basis`, or a list of 12 arrays
            `(number,)` from `spline_functions`.
        homography: `(batch, 3, 3)`.
        spline: `(batch, 12, 2)`, weights of the basis functions for x and y.

    Returns:
        x and y, each `(batch, number)`.
    """
    x = sum(spline[:, k, 0:1] * basis[k] for k in range(12))
    y = sum(spline[:, k, 1:2] * basis[k] for k in range(12))
    rows = [
        homography[:, row, 0:1] * x
        + homography[:, row, 1:2] * y
        + homography[:, row, 2:3]
        for row in range(3)
    ]
    divisor = rows[2] + _SMALLEST_DIVISOR
    return rows[0] / divisor, rows[1] / divisor


def local_areas(x, y, size):
    """Returns how much a warp of a grid enlarges areas.

    Args:
        x: `(batch, size * size)`, where `view_points(size)` are mapped to.
        y: the same.
        size: points on a side of the grid.

    Returns:
        The mean and the smallest factor, each `(batch,)`; below zero where
        the grid is folded.
    """
    x, y = x.reshape(-1, size, size), y.reshape(-1, size, size)
    right = np.diff(x, axis=2)[:, 1:], np.diff(y, axis=2)[:, 1:]
    down = np.diff(x, axis=1)[:, :, 1:], np.diff(y, axis=1)[:, :, 1:]
    area = (right[0] * down[1] - right[1] * down[0]) * (size / 2) ** 2
    return area.mean(axis=(1, 2)), area.min(axis=(1, 2))


def solve_splines(targets):
    """Returns the splines that take the control points to `targets`.

    Args:
        targets: `(number, 9, 2)` positions.

    Returns:
        `(number, 12, 2)` weights of the basis functions for x and y.
    """
    return _spline_solution() @ np.asarray(targets)


def solve_homographies(targets):
    """Returns the homographies that take the view's corners to `targets`.

    Args:
        targets: `(number, 4, 2)` positions.

    Returns:
        `(number, 3, 3)` matrices whose last entry is 1.
    """
    x, y = CORNERS.T
    u, v = targets[..., 0], targets[..., 1]
    equations = np.zeros((len(targets), 8, 8))
    equations[:, :4, :3] = equations[:, 4:, 3:6] = np.stack(
        [x, y, np.ones(4)], axis=-1
    )
    equations[:, :4, 6:] = -u[..., None] * CORNERS
    equations[:, 4:, 6:] = -v[..., None] * CORNERS
    known = np.concatenate([u, v], axis=-1)
    solution = np.linalg.solve(equations, known[..., None])[..., 0]
    last = np.ones((len(targets), 1))
    return np.concatenate([solution, last], axis=-1).reshape(-1, 3, 3)


def affine_matrices(angle, shear_angle, stretch, shift):
    """Returns `R(angle) R(shear)^T diag(stretch) R(shear)` and a translation.

    Args:
        angle: `(number,)`, in radians.
        shear_angle: `(number,)`, the direction of the stretch, in radians.
        stretch: `(number, 2)` factors.
        shift: `(number, 2)` translations.

    Returns:
        `(number, 3, 3)` matrices.
    """
    shear = rotation(shear_angle)
    matrices = np.tile(np.eye(3), (len(angle), 1, 1))
    matrices[:, :2, :2] = (
        rotation(angle)
        @ shear.transpose(0, 2, 1)
        @ (stretch[:, :, None] * shear)
    )
    matrices[:, :2, 2] = shift
    return matrices


@functools.cache
def _spline_solution():
    """Returns the `(12, 9)` matrix from control points' targets to weights."""
    basis = np.stack(spline_functions(*CONTROL_POINTS.T))
    system = np.zeros((12, 12))
    system[:9] = basis.T
    system[9:, :9] = basis[9:]
    return np.linalg.inv(system)[:, :9]


def similarity(angle, zoom, stretch):
    """Returns rotations with zoom, as seen in views squeezed to a square.

    Args:
        angle: `(number,)`, in radians.
        zoom: `(number,)` factors.
        stretch: `(number, 2)`, width and height of what a view covers.

    Returns:
        `(number, 3, 3)` matrices.
    """
    squeezed = zoom[:, None, None] * rotation(angle)
    squeezed = squeezed * (stretch[:, None, :] / stretch[:, :, None])
    matrices = np.tile(np.eye(3), (len(angle), 1, 1))
    matrices[:, :2, :2] = squeezed
    return matrices


def rotation(angle):
    """Returns the `(number, 2, 2)` rotations by `(number,)` radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos, -sin, sin, cos], axis=-1).reshape(-1, 2, 2)
