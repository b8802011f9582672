"""Tensor functions without variables: correlation, warps, resizing.

`gocor_tf.ops.warp` is the function. Import its module's other names by name:
`from gocor_tf.ops.warp import masked_warp`.
"""

from gocor_tf.ops.correlation import (
    global_correlation,
    local_correlation,
    local_correlation_transpose,
)
from gocor_tf.ops.flow import resize_flow
from gocor_tf.ops.resize import area_resize
from gocor_tf.ops.warp import warp

__all__ = [
    "area_resize",
    "global_correlation",
    "local_correlation",
    "local_correlation_transpose",
    "resize_flow",
    "warp",
]
