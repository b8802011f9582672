"""SPair-71k: keypoints of objects of a class (spec 5.10).

Min, Lee, Ponce, Cho: "SPair-71k: A Large-scale Benchmark for Semantic
Correspondence", arXiv 1908.10543.
"""

import json
import os
import re

import numpy as np

from gocor_tf.data.evaluation_sets.dataset_folder import check_files, naming
from gocor_tf.data.evaluation_sets.pair_lists import read_lines
from gocor_tf.data.evaluation_sets.semantic_keypoints import (
    make_keypoint_sample,
)
from gocor_tf.data.photographs import read_image

VARIANTS = ("test", "val", "trn")
_ATTRIBUTES = (
    "category",
    "viewpoint_variation",
    "scale_variation",
    "truncation",
    "occlusion",
)
_FIELDS = (
    *("src_imname", "trg_imname", "src_kps", "trg_kps", "src_bndbox"),
    *_ATTRIBUTES,
)
_LAYOUT = (
    "JPEGImages/CLASS/IMAGE.jpg, PairAnnotation/SPLIT/LINE.json, "
    "Layout/large/SPLIT.txt, with SPLIT one of trn, val, test"
)
# Number, query image, reference image, class.
_LINE = re.compile(r"\d+-([^-/:]+)-([^-/:]+):([^-/:]+)")


class SPair:
    """Pairs of a split, scored at the keypoints that both images have.

    Layout: `Layout/large/SPLIT.txt` has a line per pair, such as
    `000001-2007_000175-2007_000346:aeroplane`: number, query (source) image,
    reference (target) image, class. `PairAnnotation/SPLIT/LINE.json` has
    `src_imname`, `trg_imname`, `src_kps`, `trg_kps` (lists of xy in pixels),
    `src_bndbox` (x1, y1, x2, y2) and the attributes. The images are
    `JPEGImages/CLASS/IMAGE.jpg`.

    Convention:
        That of `semantic_keypoints`. `extent` is the longer side of the query's
        object box, x2 - x1 or y2 - y1 (spec 8.4, T-39). `attributes` are the
        `category` and the levels `viewpoint_variation`, `scale_variation`,
        `truncation` and `occlusion`.

    Args:
        data_dir: folder `SPair-71k`.
        variant: which split, one of `VARIANTS`; "test" is the published one.

    Raises:
        ValueError: if there is no such variant, files are missing, or the list
            is damaged.

    Example:
    ```python
    pairs = SPair("SPair-71k")
    sample = pairs[0]  # of pairs.names[0]
    ```
    """

    def __init__(self, data_dir, variant="test"):
        if variant not in VARIANTS:
            raise ValueError(
                f"`variant` must be one of {VARIANTS}. "
                f"Received: variant={variant!r}"
            )
        table = f"Layout/large/{variant}.txt"
        check_files(data_dir, [table], _LAYOUT)
        self._data_dir = data_dir
        self._group = variant
        self._pairs = []
        files = []
        for place, line in read_lines(os.path.join(data_dir, table)):
            with naming(place):
                files += _list_images(line)
            annotation = f"PairAnnotation/{variant}/{line}.json"
            files.append(annotation)
            self._pairs.append((line.replace(":", "-"), annotation))
        check_files(data_dir, files, _LAYOUT)
        self.names = [name for name, _ in self._pairs]
        if len(set(self.names)) < len(self.names):
            raise ValueError(f"'{table}' must list every pair once.")

    def __len__(self):
        return len(self._pairs)

    def __getitem__(self, index):
        name, annotation = self._pairs[index]
        path = os.path.join(self._data_dir, annotation)
        with naming(f"Pair '{name}'"):
            facts = _read_annotation(path)
            folder = os.path.join(
                self._data_dir, "JPEGImages", str(facts["category"])
            )
            images = [
                read_image(os.path.join(folder, str(facts[field])))
                for field in ("trg_imname", "src_imname")
            ]
            return make_keypoint_sample(
                name,
                self._group,
                images,
                [_to_points(facts[f], f) for f in ("trg_kps", "src_kps")],
                extent=_measure_box(facts["src_bndbox"]),
                attributes={field: facts[field] for field in _ATTRIBUTES},
            )


def _list_images(line):
    match = _LINE.fullmatch(line)
    if not match:
        raise ValueError(
            "Expected a line such as "
            f"'000001-2007_000175-2007_000346:aeroplane'. Received: {line!r}"
        )
    *images, category = match.groups()
    return [f"JPEGImages/{category}/{image}.jpg" for image in images]


def _read_annotation(path):
    try:
        with open(path, encoding="utf-8") as file:
            facts = json.load(file)
    except OSError as error:
        raise ValueError(
            f"Cannot read annotation '{path}': {error.strerror}."
        ) from error
    except ValueError as error:
        raise ValueError(
            f"Cannot read annotation '{path}': it is cut short or not JSON "
            f"({error}). Copy it again."
        ) from error
    is_dict = isinstance(facts, dict)
    missing = [name for name in _FIELDS if not is_dict or name not in facts]
    if missing:
        raise ValueError(f"'{path}' must have the fields {', '.join(missing)}.")
    return facts


def _measure_box(box):
    """Returns the longer side of x1, y1, x2, y2."""
    if np.shape(box) != (4,):
        raise ValueError(
            "`src_bndbox` must be four numbers x1, y1, x2, y2. "
            f"Received: {str(box)[:100]}"
        )
    x1, y1, x2, y2 = _to_points([box[:2], box[2:]], "src_bndbox").ravel()
    return float(np.max([x2 - x1, y2 - y1]))


def _to_points(values, field):
    """Returns `(number, 2)` float64."""
    try:
        points = np.array(values, "float64")
    except (TypeError, ValueError):
        points = np.zeros(0)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(
            f"`{field}` must be a list of pairs of numbers. "
            f"Received: {str(values)[:100]}"
        )
    return points
