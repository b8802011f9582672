"""Filled polygons as masks, by scikit-image's rule.

Convention:
    A pixel belongs to the polygon if its centre is inside by the even-odd rule,
    on an edge, or a vertex, as in `skimage.draw.polygon` (spec 6.7). Each
    centre sends a ray to the right and one to the left: both cross the outline
    an odd number of times inside and an even number outside; they differ on an
    edge (O'Rourke, "Computational Geometry in C", 7.4).
"""

import numpy as np


def fill_polygon(vertices, size):
    """Draws a filled polygon.

    Args:
        vertices: `(number, 2)` xy in pixels, in order; they may lie outside.
        size: height and width of the mask.

    Returns:
        `(height, width)` bool, true in the polygon.

    Raises:
        ValueError: if there are fewer than three vertices.
    """
    vertices = np.asarray(vertices, "float64")
    if vertices.ndim != 2 or vertices.shape[1] != 2 or len(vertices) < 3:
        raise ValueError(
            "`vertices` must have shape (3 or more, 2). "
            f"Received: vertices.shape={vertices.shape}"
        )
    y, x = np.ogrid[: size[0], : size[1]]
    right, left, on_vertex = np.zeros((3, *size), bool)
    for start, end in zip(vertices, np.roll(vertices, 1, axis=0), strict=True):
        (x0, y0), (x1, y1) = start, end
        on_vertex |= (x == x0) & (y == y0)
        if y0 == y1:
            continue
        # Where the edge's line, extended, is at the height of a pixel.
        crossing = (y - y0) * (x1 - x0) / (y1 - y0) + x0
        # An end of the edge at a pixel's height is above it for one ray and
        # below it for the other.
        right ^= ((y0 > y) != (y1 > y)) & (crossing > x)
        left ^= ((y0 < y) != (y1 < y)) & (crossing < x)
    return right | left | on_vertex
