"""RobotCar: 6511 pairs of a street at other times."""

from gocor_tf.data.evaluation_sets.keypoint_lists import KeypointPairs

_TABLE = "test6511.csv"
_LAYOUT = f"IMAGE.jpg as the list names them, {_TABLE}"


class RobotCar(KeypointPairs):
    """RobotCar, with sparse matches (spec 5.3).

    The list, `test6511.csv`, is looked for in `data_dir`. Its columns, and the
    Convention, are those of `evaluation_sets.keypoint_lists`.

    Example:
        ```python
        pairs = RobotCar("RobotCar")
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
