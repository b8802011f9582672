"""Lists of pairs with camera motions, as published for SuperGlue (spec 5.12).

A row has 38 values: image 0, image 1, rotations 0 and 1 (quarter turns), K 0
and K 1 (3 x 3) and T 0 to 1 (4 x 4), all row by row. Image 0 is the query and
image 1 the reference; T takes query to reference coordinates.

Convention:
    Each image is resized bilinearly so that its shorter side is 480 pixels;
    sides are rounded, then floored to multiples of 8; K is multiplied by new
    size / old size, without a shift by half a pixel (spec 6.5). Then the image
    is turned counterclockwise, with K and T, so that a point of the scene stays
    at the same content. At last both images are padded at the bottom and the
    right to a common size.
"""

import dataclasses
import os

import cv2
import numpy as np

from gocor_tf.data.evaluation_sets.dataset_folder import (
    check_files,
    naming,
)
from gocor_tf.data.evaluation_sets.padding import pad_to_common_size
from gocor_tf.data.evaluation_sets.pair_lists import (
    pair_name,
    parse_numbers,
    read_lines,
)
from gocor_tf.data.evaluation_sets.samples import make_sample
from gocor_tf.data.photographs import read_image

_MIN_SIDE = 480
_MULTIPLE = 8
_NUM_VALUES = 38
_TOLERANCE = 1e-3
# Of coordinates of a camera whose image is turned counterclockwise.
_QUARTER_TURN = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])


@dataclasses.dataclass(frozen=True)
class PoseRow:
    """A row of the list; in each pair the reference comes first.

    Attributes:
        place: a text such as "row 7 of 'pairs.txt'", for errors.
        files: paths of the images, relative to the data set's folder.
        turns: quarter turns of the images, 0..3, counterclockwise.
        cameras: K of the images, `(3, 3)`, in pixels of the files.
        motion: `(4, 4)`, from query to reference coordinates.
    """

    place: str
    files: tuple
    turns: tuple
    cameras: tuple
    motion: np.ndarray


class PosePairs:
    """The pairs of a list; see `Yfcc100m` and `ScanNet`.

    Args:
        data_dir: folder that the names of the images are relative to.
        table: name of the list in it.
        layout: how the folder should look, for an error.
        find_scene: function of an image's name that returns the scene.

    Raises:
        ValueError: if files are missing, or the list is damaged.
    """

    def __init__(self, data_dir, table, layout, find_scene):
        check_files(data_dir, [table], layout)
        self._data_dir = data_dir
        self._find_scene = find_scene
        self._rows = read_pose_list(os.path.join(data_dir, table))
        files = [file for row in self._rows for file in row.files]
        check_files(data_dir, files, layout)
        self.names = [
            pair_name(index, *row.files[::-1])
            for index, row in enumerate(self._rows)
        ]

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, index):
        row = self._rows[index]
        scene = self._find_scene(row.files[0])
        return make_pose_sample(self.names[index], self._data_dir, row, scene)


def read_pose_list(path):
    """Reads a list.

    Args:
        path: name of the file.

    Returns:
        List of `PoseRow`.

    Raises:
        ValueError: naming the row, if it has another number of values, or they
            are no numbers, no quarter turns, no camera or no rigid motion.
    """
    rows = []
    for place, line in read_lines(path):
        with naming(place):
            rows.append(_parse(place, line.split()))
    return rows


def make_pose_sample(name, data_dir, row, scene):
    """Reads and prepares the images of a pair.

    Args:
        name: unique text.
        data_dir: folder of the data set.
        row: `PoseRow`.
        scene: for the attribute of that name.

    Returns:
        The dict of `make_sample`, with `pose`; the group is "test".

    Raises:
        ValueError: naming the row, if an image cannot be read.
    """
    with naming(row.place):
        prepared = [
            _prepare(read_image(os.path.join(data_dir, file)), camera, turns)
            for file, camera, turns in zip(
                row.files, row.cameras, row.turns, strict=True
            )
        ]
        images, cameras, turns = zip(*prepared, strict=True)
        motion = turns[0] @ row.motion @ turns[1].T
        return make_sample(
            name,
            "test",
            *pad_to_common_size(*images),
            pose=(*cameras, motion),
            attributes={"scene": scene},
        )


def _parse(place, values):
    if len(values) != _NUM_VALUES:
        raise ValueError(
            f"A row must have {_NUM_VALUES} values. Received: {len(values)}"
        )
    numbers = parse_numbers(values[4:])
    cameras = numbers[:18].reshape(2, 3, 3)
    motion = numbers[18:].reshape(4, 4)
    _check_cameras(cameras)
    _check_motion(motion)
    return PoseRow(
        place=place,
        files=(values[1], values[0]),
        turns=(_parse_turns(values[3]), _parse_turns(values[2])),
        cameras=(cameras[1], cameras[0]),
        motion=motion,
    )


def _parse_turns(value):
    if value not in ("0", "1", "2", "3"):
        raise ValueError(
            "A rotation must be 0, 1, 2 or 3 quarter turns. "
            f"Received: {value!r}"
        )
    return int(value)


def _check_cameras(cameras):
    for camera in cameras:
        focal_lengths = camera[[0, 1], [0, 1]]
        if (camera[2] != (0, 0, 1)).any() or (focal_lengths <= 0).any():
            raise ValueError(
                "K must have positive focal lengths and the last row 0 0 1. "
                f"Received: {camera.tolist()}"
            )


def _check_motion(motion):
    rotation = motion[:3, :3]
    error = np.abs(rotation @ rotation.T - np.eye(3)).max()
    is_rigid = error <= _TOLERANCE and np.linalg.det(rotation) > 0
    if not is_rigid or (motion[3] != (0, 0, 0, 1)).any():
        raise ValueError(
            "T must be a rotation and a translation, with the last row 0 0 0 1."
            f" Received: {motion.tolist()}"
        )


def _prepare(image, camera, num_turns):
    """Returns image, K and the turn of the camera's coordinates, (4, 4)."""
    size = np.array(image.shape[1::-1])
    new_size = np.rint(size * _MIN_SIDE / size.min()).astype(int)
    new_size = new_size // _MULTIPLE * _MULTIPLE
    image = cv2.resize(image, new_size.tolist(), interpolation=cv2.INTER_LINEAR)
    camera = np.diag([*new_size / size, 1.0]) @ camera
    turn = np.eye(4)
    for _ in range(num_turns):
        # np.rot90 takes pixel (x, y) to (y, width - 1 - x).
        pixels = _QUARTER_TURN.copy()
        pixels[1, 2] = image.shape[1] - 1
        camera = pixels @ camera @ _QUARTER_TURN.T
        turn[:3, :3] = _QUARTER_TURN @ turn[:3, :3]
        image = np.rot90(image)
    return np.ascontiguousarray(image), camera, turn
