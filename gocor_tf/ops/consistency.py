"""Confidence of a flow from the flow in the other direction."""

from keras import ops

from gocor_tf.ops.warp import in_view_mask, warp

# The error is measured on an image of this width and height.
_ERROR_FRAME = 256.0


def forward_backward_confidence(flow, backward_flow):
    """Scores each match by where the way there and back ends.

    The confidence is `1 / (1 + e)` (spec models.md, 9.3), with `e` the
    distance between a reference pixel and the end of its way there and back,
    in pixels of a 256 x 256 image: so 0.5 means the same for a thumbnail and
    for a large photograph. It is 0 where the match lies outside the query, of
    which the backward flow says nothing.

    Args:
        flow: `(batch, height, width, 2)` on the reference grid, in pixels of
            the query.
        backward_flow: `(batch, query_height, query_width, 2)` on the query
            grid, in pixels of the reference.

    Returns:
        `(batch, height, width)` float32 in [0, 1].
    """
    flow = ops.cast(flow, "float32")
    height, width = ops.shape(flow)[1:3]
    error = flow + warp(ops.cast(backward_flow, "float32"), flow)
    size = ops.cast(ops.stack([width, height]), "float32")
    error = error * _ERROR_FRAME / size
    distance = ops.sqrt(ops.sum(ops.square(error), axis=-1))
    inside = in_view_mask(flow, ops.shape(backward_flow)[1:3])[..., 0]
    return inside / (1.0 + distance)
