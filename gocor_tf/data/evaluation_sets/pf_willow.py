"""PF-Willow: ten keypoints of objects of a class (spec 5.9).

Ham, Cho, Schmid, Ponce: "Proposal Flow", CVPR 2016.
"""

import os

import numpy as np

from gocor_tf.data.evaluation_sets.dataset_folder import check_files, naming
from gocor_tf.data.evaluation_sets.pair_lists import (
    pair_name,
    parse_numbers,
    read_pair_list,
)
from gocor_tf.data.evaluation_sets.semantic_keypoints import (
    make_keypoint_sample,
)
from gocor_tf.data.photographs import read_image

_TABLE = "test_pairs_pf.csv"
_COLUMNS = (
    "source_image",
    "target_image",
    *(
        f"{axis}{number}"
        for axis in ("XA", "YA", "XB", "YB")
        for number in range(1, 11)
    ),
)
_LAYOUT = f"a folder per class, such as car(G), and {_TABLE}"


class PFWillow:
    """Pairs of the list, scored at their ten keypoints.

    Layout: folders of classes, and `test_pairs_pf.csv`, whose columns count by
    their order, whatever their names: query (source) path, reference (target)
    path, 10 x and 10 y of the query's keypoints, then of the reference's.
    Paths are taken without their first folder.

    Convention:
        That of `semantic_keypoints`. `extent` is that of the query's
        keypoints, the larger one of x and y (spec 8.4, T-39).

    Args:
        data_dir: folder `PF-dataset`.

    Raises:
        ValueError: if files are missing, or the list is damaged.

    Example:
    ```python
    pairs = PFWillow("PF-dataset")
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
                query, reference = (_drop_folder(cell) for cell in cells[:2])
                points = parse_numbers(cells[2:]).reshape(2, 2, 10)
            # To (reference, query), number, xy.
            points = points[::-1].transpose(0, 2, 1)
            self._pairs.append((place, reference, query, points))
        files = [file for _, *pair, _ in self._pairs for file in pair]
        check_files(data_dir, files, _LAYOUT)
        self.names = [
            pair_name(index, query, reference)
            for index, (_, reference, query, _) in enumerate(self._pairs)
        ]

    def __len__(self):
        return len(self._pairs)

    def __getitem__(self, index):
        place, *files, keypoints = self._pairs[index]
        with naming(place):
            images = [
                read_image(os.path.join(self._data_dir, file)) for file in files
            ]
            return make_keypoint_sample(
                self.names[index],
                "test",
                images,
                keypoints,
                extent=float(np.ptp(keypoints[1], axis=0).max()),
                attributes={"category": files[0].split("/")[0]},
            )


def _drop_folder(path):
    first, _, rest = path.strip().partition("/")
    if not first or "/" not in rest:
        raise ValueError(
            "Expected a path such as 'PF-dataset/car(G)/image.png'. "
            f"Received: {path!r}"
        )
    return rest
