"""More pyramid levels between GLU-Net's 256 x 256 images and large ones (7.2).

A flow of the 256 x 256 images is too coarse a start for an image many times as
large. GLU-Net then refines it on smaller and smaller cells first, with the
features and the decoder of its level at 1/8 (GLU-Net, Section 3.2; spec
models.md, 7.2).
"""

import math

from keras import ops

from gocor_tf.ops import resize

# Enough for sides of 17,000 pixels.
MAX_LEVELS = 4
SIDES = ("width", "longer")


def refine(flow, features, side, correct):
    """Refines a flow on grids at 1/8 of the images, halved 4 times to once.

    The longer the side, the more of these levels there are:
    `round(log2(side / 768))` of them, the first one from 1,088 pixels on, and
    none for a small image.

    Args:
        flow: `(batch, height, width, 2)`, in pixels of the images.
        features: of reference and of query at 1/8 of the images, both
            `(batch, height / 8, width / 8, channels)`.
        side: length in pixels, an integer or a scalar integer tensor.
        correct: function from features of both images at a level, the flow at
            that level's size, and the pixels from a cell to the next, to a
            better flow.

    Returns:
        The flow on the last level's grid, or as it was.
    """
    for level in range(MAX_LEVELS, 0, -1):

        def step(flow=flow, level=level):
            return _refine_once(flow, features, 2**level, correct)

        wanted = side >= _shortest_side(level)
        if isinstance(wanted, bool):
            flow = step() if wanted else flow
        else:
            flow = ops.cond(wanted, step, lambda flow=flow: flow)
    return flow


def side_length(size, side):
    """Returns the length of a side of the images.

    Args:
        size: `(height, width)`, integers or scalar integer tensors.
        side: "width" or "longer".
    """
    height, width = size
    if side == "width":
        return width
    if isinstance(height, int) and isinstance(width, int):
        return max(height, width)
    return ops.maximum(height, width)


def _shortest_side(level):
    """Returns the length from which rounding gives so many levels."""
    return math.ceil(3 * 256 * 2 ** (level - 0.5))


def _refine_once(flow, features, factor, correct):
    height, width = ops.shape(features[0])[1:3]
    size = height // factor, width // factor
    reference, query = (resize.area_resize(x, size) for x in features)
    flow = resize.bilinear_resize(flow, size)
    return correct((reference, query), flow, 8 * factor)
