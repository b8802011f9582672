"""YFCC100M: relative poses of photographs of landmarks (spec 5.12).

Thomee et al.: "YFCC100M: The New Data in Multimedia Research", CACM 2016; the
pairs are those of OANet and SuperGlue.
"""

from gocor_tf.data.evaluation_sets.pose_list import PosePairs

_TABLE = "yfcc_test_pairs_with_gt.txt"
_LAYOUT = f"SCENE/test/images/IMAGE.jpg, {_TABLE}"


class Yfcc100m(PosePairs):
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
        super().__init__(
            data_dir,
            _TABLE,
            _LAYOUT,
            lambda file: file.split("/")[0],
        )
