"""Pairs of photographs with lists of matching points, in one CSV file.

The columns are scene, source_image, target_image, XA, YA, XB, YB: the source,
with its points A, is the query and the target, with its points B, is the
reference. Coordinates are lists separated by `;`, in pixels of the original
images. An image lies in the folder of its scene, or in the root where the
scene is `/` (spec 5.3).

Convention:
    Each image is resized by Pillow's Lanczos filter so that its shorter side
    is 480 px, then each side is reduced to a multiple of 16. Points are
    multiplied by new / old size, without half pixels, and kept if both lie
    strictly inside. `points` are those of the reference rounded to whole
    pixels, without those that rounding puts outside; `flow` is the difference
    before rounding (spec 6.2). Then both images are padded with black, at the
    bottom and right, to a common size, because that is what the published
    networks saw.
"""

import os

import numpy as np

from gocor_tf.data import photographs
from gocor_tf.data.evaluation_sets import dataset_folder, padding
from gocor_tf.data.evaluation_sets.samples import make_sample

_COLUMNS = ("scene", "source_image", "target_image", "XA", "YA", "XB", "YB")
_MIN_SIDE = 480
_MULTIPLE = 16


class KeypointPairs:
    """The pairs of a list; see `MegaDepthTest` and `RobotCar`.

    All pairs are the group "all"; `scene` is an attribute.

    Args:
        data_dir: folder that the names of the images are relative to.
        table: name of the list in it.
        layout: how the folder should look, for an error.

    Raises:
        ValueError: if a file is missing, or the list is malformed.
        ImportError: if Pillow is not installed.
    """

    def __init__(self, data_dir, table, layout):
        self._data_dir = data_dir
        self._rows = read_rows(data_dir, table, layout)
        self.names = [f"pair_{number:04d}" for number in range(len(self._rows))]

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, index):
        return read_pair(self._data_dir, self._rows[index], self.names[index])


def read_rows(data_dir, table, layout):
    """Reads the list of pairs, and checks that the download is complete.

    Args:
        data_dir: folder of the images and the list.
        table: name of the list in it.
        layout: how the folder should look, for an error.

    Returns:
        List of dicts, to pass to `read_pair`.

    Raises:
        ValueError: if a file is missing, or the list is malformed.
        ImportError: if Pillow is not installed.
    """
    _import_pillow()
    dataset_folder.check_files(data_dir, [table], layout)
    path = os.path.join(data_dir, table)
    rows = dataset_folder.read_table(path, _COLUMNS)
    for number, row in enumerate(rows, start=2):
        row["place"] = f"Row {number} of '{path}'"
        row["reference"] = _image(row, "target_image")
        row["query"] = _image(row, "source_image")
        counts = [len(_split(row[name])) for name in _COLUMNS[3:]]
        if not counts[0] or len(set(counts)) > 1:
            raise ValueError(
                f"{row['place']}: `XA`, `YA`, `XB` and `YB` must list equally "
                f"many numbers, at least one. Received: {counts} numbers"
            )
    images = [row[im] for row in rows for im in ("reference", "query")]
    dataset_folder.check_files(data_dir, images, layout)
    return rows


def read_pair(data_dir, row, name):
    """Reads a pair and resizes it as the protocol does (spec 5.3, 6.2).

    Args:
        data_dir: folder of the images.
        row: of `read_rows`.
        name: of the pair.

    Returns:
        The dict of `make_sample`.

    Raises:
        ValueError: if an image or a number cannot be read, or no point lies in
            both images.
    """
    with dataset_folder.naming(row["place"]):
        points = {
            "reference": _points(row, "XB", "YB"),
            "query": _points(row, "XA", "YA"),
        }
        inside = np.ones(len(points["query"]), bool)
        images = {}
        for role in points:
            image, factors = resize_to_min_side(
                photographs.read_image(os.path.join(data_dir, row[role]))
            )
            images[role] = image
            size = image.shape[1::-1]
            points[role] = points[role] * factors
            inside &= ((points[role] > 0) & (points[role] < size)).all(axis=-1)
        rounded = np.rint(points["reference"])
        inside &= (rounded < images["reference"].shape[1::-1]).all(axis=-1)
        reference, query = padding.pad_to_common_size(
            images["reference"], images["query"]
        )
        return make_sample(
            name,
            "all",
            reference,
            query,
            attributes={"scene": row["scene"]},
            points=rounded[inside],
            flow=(points["query"] - points["reference"])[inside],
        )


def resize_to_min_side(image):
    """Resizes so that the shorter side is 480 px, both multiples of 16.

    The sides are rounded with the aspect kept, then reduced to a multiple of
    16; the filter is Pillow's Lanczos, which averages when it reduces.

    Args:
        image: `(height, width, 3)` uint8.

    Returns:
        The resized image, and `(2,)` the factors of x and y.
    """
    old = image.shape[1::-1]
    scale = _MIN_SIDE / min(old)
    new = [round(side * scale) // _MULTIPLE * _MULTIPLE for side in old]
    pillow = _import_pillow()
    resized = pillow.fromarray(image).resize(new, pillow.Resampling.LANCZOS)
    return np.array(resized), np.divide(new, old)


def _import_pillow():
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "Images of this set are resized by Pillow, which is not installed: "
            "pip install 'gocor_tf[evaluate]'"
        ) from error
    return Image


def _image(row, column):
    return os.path.join(row["scene"].strip("/"), row[column])


def _split(text):
    """Returns the numbers of a list as text; it may end in a `;`."""
    text = text.strip().removesuffix(";")
    return text.split(";") if text else []


def _points(row, *columns):
    try:
        points = np.array([_split(row[name]) for name in columns], "float64").T
        valid = np.isfinite(points).all()
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(
            f"`{columns[0]}` and `{columns[1]}` must list finite numbers. "
            f"Received: {row[columns[0]]:.60} and {row[columns[1]]:.60}"
        )
    return points
