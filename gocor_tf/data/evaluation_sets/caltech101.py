"""Caltech-101: outlines of objects of a class (spec 5.11).

Fei-Fei, Fergus, Perona: "One-Shot Learning of Object Categories", PAMI 2006.
"""

import os

import numpy as np

from gocor_tf.data.evaluation_sets.dataset_folder import check_files, naming
from gocor_tf.data.evaluation_sets.pair_lists import (
    pair_name,
    parse_numbers,
    read_pair_list,
)
from gocor_tf.data.evaluation_sets.polygon_masks import fill_polygon
from gocor_tf.data.evaluation_sets.samples import make_sample
from gocor_tf.data.photographs import read_image

_TABLE = "test_pairs_caltech_with_category.csv"
_COLUMNS = ("source_image", "target_image", "class", "XA", "YA", "XB", "YB")
_FOLDER = "101_ObjectCategories"
_LAYOUT = f"{_FOLDER}/CLASS/IMAGE.jpg, {_TABLE}"


class Caltech101:
    """Pairs of the list, scored by the transfer of the query's mask.

    Layout: `101_ObjectCategories/CLASS/IMAGE.jpg` and
    `test_pairs_caltech_with_category.csv`, whose columns count by their order,
    whatever their names: query (source) path, reference (target) path, class,
    x and y of the vertices of the object in the query, x and y of those in the
    reference, each a quoted list with commas. Of a path the last folder, which
    is the `category`, and the file name count.

    Convention:
        Images and masks have their own sizes. Each outline is drawn whole and
        in the size of its image, where the published evaluation draws the
        reference's in the size of the query's and cuts it to as many vertices
        (spec 8.4, T-29). `masks` are those of reference and query, by the rule
        of `polygon_masks`; the flow is unknown.

    Args:
        data_dir: folder that holds `101_ObjectCategories` and the list.

    Raises:
        ValueError: if files are missing, or the list is damaged.

    Example:
    ```python
    pairs = Caltech101("caltech-101")
    sample = pairs[0]  # of pairs.names[0]
    ```
    """

    def __init__(self, data_dir):
        check_files(data_dir, [_TABLE], _LAYOUT)
        self._data_dir = data_dir
        self._pairs = []
        path = os.path.join(data_dir, _TABLE)
        for place, cells in read_pair_list(path, _COLUMNS):
            with naming(place):
                query, reference = (_to_file(cell) for cell in cells[:2])
                outlines = (
                    _to_outline(*cells[5:]),
                    _to_outline(*cells[3:5]),
                )
            self._pairs.append((place, reference, query, outlines))
        files = [file for _, *pair, _ in self._pairs for file in pair]
        check_files(data_dir, files, _LAYOUT)
        self.names = [
            pair_name(index, query, reference)
            for index, (_, reference, query, _) in enumerate(self._pairs)
        ]

    def __len__(self):
        return len(self._pairs)

    def __getitem__(self, index):
        place, *files, outlines = self._pairs[index]
        with naming(place):
            images = [
                read_image(os.path.join(self._data_dir, file)) for file in files
            ]
            masks = tuple(
                fill_polygon(outline, image.shape[:2])
                for outline, image in zip(outlines, images, strict=True)
            )
            return make_sample(
                self.names[index],
                "test",
                *images,
                masks=masks,
                attributes={"category": files[0].split("/")[1]},
            )


def _to_file(path):
    parts = path.strip().split("/")
    if len(parts) < 2 or not all(parts[-2:]):
        raise ValueError(
            f"Expected a path such as '{_FOLDER}/CLASS/IMAGE.jpg'. "
            f"Received: {path!r}"
        )
    return "/".join([_FOLDER, *parts[-2:]])


def _to_outline(x, y):
    """Returns `(number, 2)` xy of the vertices."""
    x, y = (parse_numbers(cell.split(",")) for cell in (x, y))
    if len(x) != len(y) or len(x) < 3:
        raise ValueError(
            "An outline must have at least three vertices, an x and a y each. "
            f"Received: {len(x)} x, {len(y)} y"
        )
    return np.stack([x, y], axis=-1)
