"""The published laws of warps for photographs without objects.

GLU-Net (Truong et al., CVPR 2020) trains on pairs that one table of warps
defines: half homographies, a quarter affine warps, a quarter thin-plate
splines. `spec/training.md` 1.1 recovers the laws behind that table.

Convention:
    A view's corners, at -1 and +1, are pixel *centres*, as in the published
    pairs. Homographies of the table act on pixels of a 768 x 576 frame, from
    the query to the reference; everything else goes from reference to query.
"""

import dataclasses
import functools

import numpy as np

from gocor_tf.data import canvases, warp_formulas

# In the order of the table's type numbers.
KINDS = ("affine", "tps", "homography")
NUM_PARAMETERS = {"affine": 6, "tps": 18, "homography": 9}
_PROBABILITIES = (0.25, 0.25, 0.5)

# Sizes are those of the table's pixels, for views of 240 pixels.
_VIEW = 240
_FRAMES = {"affine": (640, 480), "tps": (640, 480), "homography": (768, 576)}
_CORNER_RANGE = (-80, 80)
_LARGEST_CROP = 1.5
# Share of the resized photograph that an affine or spline query shows.
_VIEW_EXTENT = 0.8 * 9 / 16

# Side of our canvases, in sides of a view: enough for what most references
# show, without loss. What the others show is shrunk, which they do anyway.
_CANVAS_SIDES = 1.75
_CHECK_POINTS = 13

_MAX_ANGLE = np.radians(15)
_MAX_SHEAR_ANGLE = np.radians(30)
_MAX_SCALE = 0.25
_MAX_SHIFT = 0.25
_SPLINE_SIGMA = 0.2


@dataclasses.dataclass(frozen=True)
class StaticWarps:
    """A law for `SyntheticPairs`: the published one, at any size.

    Homographies that fold the query, 3 in 2000, are drawn again.
    """

    def units(self, size):
        """Returns half the extent of a view and its centre, in pixels."""
        return (size - 1) / 2, (size - 1) / 2

    def needed_side(self, size):
        """Returns None: photographs are not reduced beforehand."""
        return None

    def sample(self, rng, size, index=None):
        """Draws one pair; see `synthetic_pairs` for what a law returns."""
        return to_pair(*draw_parameters(rng), size)

    def cut(self, photograph, sampled, size):
        """Cuts canvas and query; see `synthetic_pairs`.

        The published canvas is a resized photograph. Both views are taken
        from the photograph directly, as if from that canvas; what the query
        shows is rounded to whole pixels, which moves no flow.
        """
        kind, shape = sampled["kind"], photograph.shape[:2]
        to_photograph, limits = _place_canvas(kind, shape, size)
        view = (to_photograph @ _view(kind, size))[:2]
        query, view = canvases.cut_upright_view(
            photograph, view, size, self.units(size)
        )
        x, y = warp_formulas.map_points(
            _check_basis(),
            sampled["homography"][None],
            sampled["spline"][None],
        )
        canvas, window, to_canvas = canvases.cut_piece(
            photograph,
            np.stack([x[0], y[0]], axis=-1) @ view[:, :2].T + view[:, 2],
            limits,
            round(_CANVAS_SIDES * size),
        )
        on_canvas = to_canvas[:, :2] @ view
        on_canvas[:, 2] += to_canvas[:, 2]
        return {
            "canvas": canvas,
            "query": query,
            "view": on_canvas,
            "window": window,
            "step": np.sqrt(np.linalg.det(on_canvas[:, :2]))
            / self.units(size)[0],
        }


def draw_parameters(rng):
    """Draws the parameters of one warp, as the published table has them.

    Args:
        rng: `numpy.random.Generator`.

    Returns:
        One of `KINDS`, and its `NUM_PARAMETERS` numbers, in the order of the
        table's columns.
    """
    kind = rng.choice(KINDS, p=_PROBABILITIES)
    if kind == "affine":
        angle = rng.uniform(-_MAX_ANGLE, _MAX_ANGLE, 1)
        shear_angle = rng.uniform(-_MAX_SHEAR_ANGLE, _MAX_SHEAR_ANGLE, 1)
        stretch = 1 + rng.uniform(-_MAX_SCALE, _MAX_SCALE, (1, 2))
        shift = rng.uniform(-_MAX_SHIFT, _MAX_SHIFT, (1, 2))
        matrix = warp_formulas.affine_matrices(
            angle, shear_angle, stretch, shift
        )
        return kind, matrix[0, :2].ravel()
    if kind == "tps":
        shift = rng.normal(0, _SPLINE_SIGMA, (9, 2))
        return kind, (warp_formulas.CONTROL_POINTS + shift).T.ravel()
    matrix = _homography(_draw_corners(rng))
    return kind, (matrix / matrix[2, 2]).ravel()


def to_pair(kind, parameters, size):
    """Returns the warp of two views, from the parameters in the table.

    Args:
        kind: one of `KINDS`.
        parameters: its numbers.
        size: side of the views, in pixels.

    Returns:
        What the `sample` of a law returns, see `synthetic_pairs`, and `kind`.
    """
    parameters = np.asarray(parameters, "float64")
    homography, targets = np.eye(3), warp_formulas.CONTROL_POINTS
    if kind == "affine":
        homography[:2] = parameters.reshape(2, 3)
    elif kind == "tps":
        targets = parameters.reshape(2, 9).T
    else:
        homography = _to_units(parameters.reshape(3, 3), size)
    return {
        "kind": kind,
        "homography": homography,
        "spline": warp_formulas.solve_splines(targets[None])[0],
    }


def _draw_corners(rng):
    """Draws where the corners of the view go, in the order of `CORNERS`."""
    while True:
        shift = rng.integers(*_CORNER_RANGE, size=(4, 2))
        corners = warp_formulas.CORNERS * (_VIEW / 2) + shift
        # Around the view, from edge to edge, it must always turn one way.
        edges = np.diff(corners[[0, 1, 3, 2, 0, 1]], axis=0)
        turns = np.linalg.det(np.stack([edges[:-1], edges[1:]], axis=1))
        if np.all(turns < -0.5):
            return corners + np.divide(_FRAMES["homography"], 2)


def _homography(corners):
    """Returns the homography in the frame that moves the view's corners."""
    to_corners = warp_formulas.solve_homographies(corners[None])[0]
    middle = np.divide(_FRAMES["homography"], 2)
    frame = np.array(
        [(_VIEW / 2, 0, middle[0]), (0, _VIEW / 2, middle[1]), (0, 0, 1)]
    )
    return to_corners @ np.linalg.inv(frame)


def _to_units(homography, size):
    """Returns the inverse homography, in units of a view of some size."""
    scale = np.diag([size / _VIEW, size / _VIEW, 1])
    view = _view("homography", size)
    inverse = np.linalg.inv(homography)
    matrix = np.linalg.inv(view) @ scale @ inverse @ np.linalg.inv(scale) @ view
    return matrix / np.abs(matrix).max()


def _canvas_size(kind, size):
    """Returns the width and height of the canvas of a kind of warp."""
    return tuple(int(side * size / _VIEW) for side in _FRAMES[kind])


def _view(kind, size):
    """Returns the `(3, 3)` matrix from a view's units to its canvas."""
    width, height = _canvas_size(kind, size)
    if kind == "homography":
        half = (size - 1) / 2
        left, top = width // 2 - size // 2, height // 2 - size // 2
        return _scale_and_shift((half, half), (left + half, top + half))
    middle = np.array([width - 1, height - 1]) / 2
    return _scale_and_shift(_VIEW_EXTENT * middle, middle)


def _place_canvas(kind, shape, size):
    """Returns where the published canvas lies on a photograph.

    Args:
        kind: one of `KINDS`.
        shape: height and width of the photograph.
        size: side of the views, in pixels.

    Returns:
        The `(3, 3)` matrix from pixels of the canvas to pixels of the
        photograph, and the first and last (x, y) that the canvas shows.
    """
    canvas = np.array(_canvas_size(kind, size))
    length = np.array(shape[::-1])
    crop = (_LARGEST_CROP * canvas).astype(int)
    if not np.any(length > crop):
        crop = length
    start = np.floor_divide(length - crop, 2)
    limits = np.maximum(start, 0), np.minimum(start + crop, length) - 1
    if kind == "homography":
        scale = crop / canvas
        shift = start + 0.5 * scale - 0.5
    else:
        scale, shift = (crop - 1) / (canvas - 1), start
    return _scale_and_shift(scale, shift), limits


def _scale_and_shift(scale, shift):
    return np.array(
        [(scale[0], 0, shift[0]), (0, scale[1], shift[1]), (0, 0, 1)]
    )


@functools.cache
def _check_basis():
    """Returns the spline's basis on a grid up to the corners of a view."""
    points = warp_formulas.pixel_points(
        _CHECK_POINTS, *[(_CHECK_POINTS - 1) / 2] * 2
    )
    return warp_formulas.spline_basis(points)
