"""Images, flow files, and synthetic training pairs."""

from gocor_tf.data.evaluation_pairs import read_pairs
from gocor_tf.data.flow_io import (
    read_flo,
    read_kitti_flow,
    write_flo,
    write_kitti_flow,
)
from gocor_tf.data.photographs import list_photographs, read_image
from gocor_tf.data.synthetic_pairs import SyntheticPairs

__all__ = [
    "SyntheticPairs",
    "list_photographs",
    "read_flo",
    "read_image",
    "read_kitti_flow",
    "read_pairs",
    "write_flo",
    "write_kitti_flow",
]
