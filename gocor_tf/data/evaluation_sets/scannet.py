"""ScanNet: relative poses of indoor images (spec 5.12).

Dai et al.: "ScanNet: Richly-annotated 3D Reconstructions of Indoor Scenes",
CVPR 2017; the pairs are those of SuperGlue.
"""

import os

from gocor_tf.data.evaluation_sets.dataset_folder import check_files
from gocor_tf.data.evaluation_sets.pair_lists import pair_name
from gocor_tf.data.evaluation_sets.pose_list import (
    make_pose_sample,
    read_pose_list,
)

_TABLE = "scannet_test_pairs_with_gt.txt"
_LAYOUT = f"scans_test/SCENE/sens/IMAGE.jpg, {_TABLE}"


class ScanNet:
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
        check_files(data_dir, [_TABLE], _LAYOUT)
        self._data_dir = data_dir
        self._rows = read_pose_list(os.path.join(data_dir, _TABLE))
        files = [file for row in self._rows for file in row.files]
        check_files(data_dir, files, _LAYOUT)
        self.names = [
            pair_name(index, *row.files[::-1])
            for index, row in enumerate(self._rows)
        ]

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, index):
        row = self._rows[index]
        scene = os.path.basename(os.path.dirname(os.path.dirname(row.files[0])))
        return make_pose_sample(self.names[index], self._data_dir, row, scene)
