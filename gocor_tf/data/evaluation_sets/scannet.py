"""ScanNet: relative poses of indoor images (spec 5.12).

Dai et al.: "ScanNet: Richly-annotated 3D Reconstructions of Indoor Scenes",
CVPR 2017; the pairs are those of SuperGlue.
"""

import pathlib

from gocor_tf.data.evaluation_sets.pose_list import PosePairs

_TABLE = "scannet_test_pairs_with_gt.txt"
_LAYOUT = f"scans_test/SCENE/sens/IMAGE.jpg, {_TABLE}"


class ScanNet(PosePairs):
    """Pairs of the list, scored by the relative pose; 1500 pairs.

    Layout: images such as `scans_test/scene0707_00/sens/frame-000015.color.jpg`
    and `scannet_test_pairs_with_gt.txt` in the format of `pose_list`, with
    paths relative to the folder.

    Convention:
        That of `pose_list`. The attribute `scene` is the folder two above the
        image.

    Args:
        data_dir: folder of `scans_test` and the list.

    Raises:
        ValueError: if files are missing, or the list is damaged.

    Example:
    ```python
    pairs = ScanNet("scannet")
    sample = pairs[0]  # of pairs.names[0]
    ```
    """

    def __init__(self, data_dir):
        super().__init__(
            data_dir,
            _TABLE,
            _LAYOUT,
            lambda file: pathlib.PurePosixPath(file).parent.parent.name,
        )
