"""More pyramid levels between GLU-Net's 256 x 256 images and large ones (7.2).

A flow of the 256 x 256 images is too coarse a start for an image many times as
large. GLU-Net then refines it on smaller and smaller cells first, with the
features and the decoder of its level at 1/8 (GLU-Net, Section 3.2; spec
models.md, 7.2).
"""

import math

from keras import ops

from gocor_tf.ops import resize

SIDES = ("width", "longer")
# Of levels: more than any image has.
_MANY = 16


def refine(flow, features, side, correct):
    """Refines a flow on grids at 1/8 of the images, halved ever less often.

    There are `round(log2(side / 768))` such levels, the first from 1,088
    pixels on; small images have none.

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

    def resize_flow(level, flow):
        return resize.bilinear_resize(flow, _size(features, level))

    def step(level, flow):
        size = _size(features, level)
        pair = [resize.area_resize(x, size) for x in features]
        return correct(pair, resize_flow(level, flow), 8 * 2**level)

    number = _number_of_levels(side)
    if isinstance(number, int):
        for level in range(number, 0, -1):
            flow = step(level, flow)
        return flow
    return ops.cond(
        number > 0,
        lambda: ops.while_loop(
            lambda level, _: level > 0,
            lambda level, flow: (level - 1, step(level, flow)),
            # A loop's flow must have an unknown size from the start.
            (number, resize_flow(number, flow)),
        )[1],
        lambda: flow,
    )


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


def _number_of_levels(side):
    """Rounds `log2(side / 768)`; it is never halfway between two integers."""
    shortest = [math.ceil(768 * 2 ** (n + 0.5)) for n in range(_MANY)]
    if isinstance(side, int):
        return sum(side >= length for length in shortest)
    return ops.sum(ops.cast(side >= ops.array(shortest), "int32"))


def _size(features, level):
    height, width = ops.shape(features[0])[1:3]
    return height // 2**level, width // 2**level
