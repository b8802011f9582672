"""Images, flow files, and synthetic training pairs."""

from gocor_tf.data.batches import make_batch
from gocor_tf.data.evaluation_pairs import read_pairs
from gocor_tf.data.flow_io import (
    read_flo,
    read_kitti_flow,
    write_flo,
    write_kitti_flow,
)
from gocor_tf.data.free_warps import FreeWarps
from gocor_tf.data.megadepth import MegaDepthPairs
from gocor_tf.data.mixture import Mixture
from gocor_tf.data.pair_records import PairRecords
from gocor_tf.data.photographs import list_photographs, read_image
from gocor_tf.data.random_warps import ViewWarps
from gocor_tf.data.saved_pairs import SavedPairs
from gocor_tf.data.static_warps import StaticWarps
from gocor_tf.data.synthetic_pairs import SyntheticPairs
from gocor_tf.data.warp_table import WarpTable

__all__ = [
    "FreeWarps",
    "MegaDepthPairs",
    "Mixture",
    "PairRecords",
    "SavedPairs",
    "StaticWarps",
    "SyntheticPairs",
    "ViewWarps",
    "WarpTable",
    "list_photographs",
    "make_batch",
    "read_flo",
    "read_image",
    "read_kitti_flow",
    "read_pairs",
    "write_flo",
    "write_kitti_flow",
]
