"""YFCC100M: relative poses of photographs of landmarks (spec 5.12).

Thomee et al.: "YFCC100M: The New Data in Multimedia Research", CACM 2016; the
pairs are those of OANet and SuperGlue.
"""

import os

from gocor_tf.data.evaluation_sets.dataset_folder import check_files
from gocor_tf.data.evaluation_sets.pair_lists import pair_name
from gocor_tf.data.evaluation_sets.pose_list import (
    make_pose_sample,
    read_pose_list,
)

_TABLE = "yfcc_test_pairs_with_gt.txt"
_LAYOUT = f"SCENE/test/images/IMAGE.jpg, {_TABLE}"


class Yfcc100m:
    """Pairs of the list, scored by the relative pose; 4000 in four scenes.

    Layout: images such as `buckingham_palace/test/images/x.jpg`, and
    `yfcc_test_pairs_with_gt.txt` in the format of `pose_list`, with paths
    relative to the folder.

    Convention:
        That of `pose_list`. The attribute `scene` is the first folder.

    Args:
        data_dir: folder of the scenes and the list.

    Raises:
        ValueError: if files are missing, or the list is damaged.

    Example:
    ```python
    pairs = Yfcc100m("yfcc")
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
        scene = row.files[0].split("/")[0]
        return make_pose_sample(self.names[index], self._data_dir, row, scene)
