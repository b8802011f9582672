"""RobotCar: 6511 pairs of a street at other times."""

from gocor_tf.data.evaluation_sets import keypoint_lists

_TABLE = "test6511.csv"
_LAYOUT = f"IMAGE.jpg as the list names them, {_TABLE}"


class RobotCar:
    """RobotCar, with sparse matches (spec 5.3).

    The list, `test6511.csv`, is looked for in `data_dir`. Its columns are
    described in `gocor_tf.data.evaluation_sets.keypoint_lists`. All pairs are
    the group "all"; `scene` is an attribute.

    Convention:
        Each image is resized by Pillow's Lanczos filter so that its shorter
        side is 480 px, then each side is reduced to a multiple of 16. Points
        are multiplied by new / old size, without half pixels, and kept if both
        lie strictly inside. `points` are those of the reference rounded to
        whole pixels, without those that rounding puts outside; `flow` is the
        difference before rounding (spec 6.2). Then both images are padded with
        black, at the bottom and right, to a common size, because that is what
        the published networks saw.

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
        self._data_dir = data_dir
        self._rows = keypoint_lists.read_rows(data_dir, _TABLE, _LAYOUT)
        self.names = [f"pair_{number:04d}" for number in range(len(self._rows))]

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, index):
        return keypoint_lists.read_pair(
            self._data_dir, self._rows[index], self.names[index]
        )
