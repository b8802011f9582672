"""Tensor functions without variables: correlation, warps, resizing.

`warp` here is the function; import other names of its module from there:
`from gocor_tf.ops.warp import in_view_mask`.
"""

from gocor_tf.ops.consistency import forward_backward_confidence
from gocor_tf.ops.conv4d import (
    separable_conv4d,
    separable_conv4d_transpose,
)
from gocor_tf.ops.correlation import (
    global_correlation,
    local_correlation,
    local_correlation_transpose,
)
from gocor_tf.ops.distance_map import distance_bins
from gocor_tf.ops.flow import resize_flow
from gocor_tf.ops.resize import area_resize
from gocor_tf.ops.warp import warp

__all__ = [
    "area_resize",
    "distance_bins",
    "forward_backward_confidence",
    "global_correlation",
    "local_correlation",
    "local_correlation_transpose",
    "resize_flow",
    "separable_conv4d",
    "separable_conv4d_transpose",
    "warp",
]
