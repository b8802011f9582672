"""Formulas of warps: thin-plate splines, homographies and similarities.

Convention:
    Positions are in a square view whose edges are at -1 and +1, so pixel `p`
    of a view of `size` pixels is at `(p + 0.5) * 2 / size - 1`.
"""

import numpy as np

CORNERS = np.array([(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)])
CONTROL_POINTS = np.array(
    [(x, y) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0)]
)


def view_points(size):
    """Returns the positions of all pixels of a view.

    Args:
        size: side of the view, in pixels.

    Returns:
        `(size * size, 2)` float64 positions (x, y) in -1..1, row-major.
    """
    side = (np.arange(size) + 0.5) * 2 / size - 1
    x, y = np.meshgrid(side, side)
    return np.stack([x.ravel(), y.ravel()], axis=-1)


def spline_basis(points):
    """Returns the thin-plate spline's basis functions at some positions.

    Args:
        points: `(number, 2)` positions in -1..1.

    Returns:
        `(12, number)` float32: the nine kernels, one, x and y.
    """
    squared = np.square(points[None] - CONTROL_POINTS[:, None]).sum(axis=-1)
    kernels = squared * np.log(np.where(squared > 0, squared, 1.0))
    affine = np.concatenate([np.ones((len(points), 1)), points], axis=1).T
    return np.concatenate([kernels, affine]).astype("float32")


def map_points(basis, homography, spline):
    """Maps positions by `H(T(u))`; arrays of NumPy or of any backend.

    Sums written out: a matrix product may run in reduced precision on an
    accelerator, which positions cannot afford.

    Args:
        basis: `(12, number)`, from `spline_basis`.
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
    return rows[0] / rows[2], rows[1] / rows[2]


def solve_splines(targets):
    """Returns the splines that take the control points to `targets`.

    Args:
        targets: `(number, 9, 2)` positions.

    Returns:
        `(number, 12, 2)` weights of the basis functions for x and y.
    """
    basis = spline_basis(CONTROL_POINTS).astype("float64")
    system = np.zeros((12, 12))
    system[:9] = basis.T
    system[9:, :9] = basis[9:]
    known = np.zeros((len(targets), 12, 2))
    known[:, :9] = targets
    return np.linalg.inv(system) @ known


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
