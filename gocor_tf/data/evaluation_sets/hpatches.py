"""HPatches: sequences of planar scenes, related by homographies."""

import os

import cv2
import numpy as np

from gocor_tf.data import photographs
from gocor_tf.data.evaluation_sets import dataset_folder
from gocor_tf.data.evaluation_sets.samples import make_sample

VARIANTS = ("original", "240")
_MATRIX = tuple(f"H{row}{column}" for row in "123" for column in "123")
_COLUMNS = ("obj", "im1", "im2", "Him", "Wim", *_MATRIX)
_LAYOUT = "v_NAME/1.ppm to 6.ppm, hpatches_1_2.csv to hpatches_1_6.csv"


class HPatches:
    """HPatches, its viewpoint sequences (spec 5.1).

    The query is image 1 of a sequence and the reference is image k, 2..6;
    pairs 1 -> k are the group "scene_k-1" (spec 6.2). Each `hpatches_1_k.csv`
    has the columns obj, im1, im2, Him, Wim, H11..H33: `Him`, `Wim` are height
    and width of image 1, and H maps its pixels to those of image k.

    Convention:
        Both images are resized to the reference's size, or to 240 x 240, by
        OpenCV's bilinear rule, so the query's aspect changes. With S = diag of
        (new width / old width, new height / old height, 1), the matrix becomes
        H' = S_reference H S_query^-1, and flow = H'^-1 p - p with 1e-8 added
        to the divisor. The flow is NaN where the match lies outside
        [0, width - 1] x [0, height - 1].

    Example:
        ```python
        pairs = HPatches("hpatches-sequences-release", variant="240")
        flow = pairs[0]["flow"]
        ```

    Args:
        data_dir: `hpatches-sequences-release`, with the five lists in it.
        variant: "original" for the reference's size, or "240".

    Raises:
        ValueError: if `variant` is another, a file is missing, or a list is
            malformed.
    """

    def __init__(self, data_dir, variant="original"):
        if variant not in VARIANTS:
            raise ValueError(
                f"`variant` must be one of {VARIANTS}. "
                f"Received: variant='{variant}'"
            )
        self._data_dir = data_dir
        self._variant = variant
        tables = [f"hpatches_1_{k}.csv" for k in range(2, 7)]
        dataset_folder.check_files(data_dir, tables, _LAYOUT)
        self._rows = [
            {"group": f"scene_{group}", **row}
            for group, table in enumerate(tables, start=1)
            for row in _read_rows(os.path.join(data_dir, table))
        ]
        images = [
            row[im] for row in self._rows for im in ("query", "reference")
        ]
        dataset_folder.check_files(data_dir, images, _LAYOUT)
        self.names = [row["name"] for row in self._rows]

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, index):
        row = self._rows[index]
        with dataset_folder.naming(row["place"]):
            query, reference = (
                photographs.read_image(os.path.join(self._data_dir, row[name]))
                for name in ("query", "reference")
            )
            if query.shape[:2] != row["query_size"]:
                raise ValueError(
                    "`Him` and `Wim` must be the size of image 1. Received: "
                    f"{row['query_size']} for an image of {query.shape[:2]}"
                )
            size = reference.shape[:2]
            if self._variant == "240":
                size = (240, 240)
            homography = (
                _scaling(reference.shape, size)
                @ row["homography"]
                @ np.linalg.inv(_scaling(query.shape, size))
            )
            return make_sample(
                row["name"],
                row["group"],
                _resize(reference, size),
                _resize(query, size),
                attributes={"scene": row["scene"]},
                flow=_flow(np.linalg.inv(homography), size),
            )


def _read_rows(path):
    """Reads one list: names of images, size of the query, homography."""
    rows = []
    for number, row in enumerate(
        dataset_folder.read_table(path, _COLUMNS), start=2
    ):
        place = f"Row {number} of '{path}'"
        with dataset_folder.naming(place):
            values = _numbers([row[name] for name in _COLUMNS[3:]])
        scene = row["obj"]
        one, other = (row[im].removesuffix(".ppm") for im in ("im1", "im2"))
        rows.append(
            {
                "place": place,
                "name": f"{scene}-{one}-{other}",
                "scene": scene,
                "query": f"{scene}/{one}.ppm",
                "reference": f"{scene}/{other}.ppm",
                "query_size": tuple(values[:2].astype(int).tolist()),
                "homography": values[2:].reshape(3, 3),
            }
        )
    return rows


def _numbers(cells):
    """Converts `Him, Wim, H11..H33`, and checks that H can be inverted."""
    try:
        values = np.array(cells, "float64")
        valid = np.isfinite(values).all()
        valid = valid and np.linalg.det(values[2:].reshape(3, 3)) != 0
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(
            "`Him, Wim, H11..H33` must be numbers, and H must have an inverse. "
            f"Received: {', '.join(cells)}"
        )
    return values


def _scaling(shape, size):
    return np.diag([size[1] / shape[1], size[0] / shape[0], 1.0])


def _resize(image, size):
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR)


def _flow(matrix, size):
    """Returns the flow of a map of pixels, NaN where it leaves the image."""
    height, width = size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.stack([x, y], axis=-1).astype("float64")
    mapped = pixels @ matrix[:, :2].T + matrix[:, 2]
    mapped = mapped[..., :2] / (mapped[..., 2:] + 1e-8)
    inside = (mapped >= 0) & (mapped <= [width - 1, height - 1])
    return np.where(inside.all(axis=-1, keepdims=True), mapped - pixels, np.nan)
