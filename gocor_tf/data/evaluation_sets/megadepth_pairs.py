"""MegaDepth: 1600 pairs of photographs of the same building."""

from gocor_tf.data.evaluation_sets.keypoint_lists import KeypointPairs

_TABLE = "test1600Pairs.csv"
_LAYOUT = f"SCENE/IMAGE.jpg as the list names them, {_TABLE}"


class MegaDepthTest(KeypointPairs):
    """MegaDepth, with sparse matches (spec 5.3).

    The list, `test1600Pairs.csv`, is looked for in `data_dir`. Its columns, and
    the Convention, are those of `evaluation_sets.keypoint_lists`.

    Example:
        ```python
        pairs = MegaDepthTest("test1600Pairs")
        points, flow = pairs[0]["points"], pairs[0]["flow"]
        ```

    Args:
        data_dir: folder that the names of the images are relative to.

    Raises:
        ValueError: if a file is missing, or the list is malformed.
        ImportError: if Pillow is not installed.
    """

    def __init__(self, data_dir):
        super().__init__(data_dir, _TABLE, _LAYOUT)
