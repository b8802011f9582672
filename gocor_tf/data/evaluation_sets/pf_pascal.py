"""PF-Pascal: keypoints of objects of a class (spec 5.8).

Ham, Cho, Schmid, Ponce: "Proposal Flow: Semantic Correspondences from Object
Proposals", PAMI 2018.
"""

import os

import numpy as np

from gocor_tf.data.evaluation_sets.dataset_folder import check_files, naming
from gocor_tf.data.evaluation_sets.pair_lists import pair_name, read_pair_list
from gocor_tf.data.evaluation_sets.semantic_keypoints import (
    make_keypoint_sample,
)
from gocor_tf.data.photographs import read_image

VARIANTS = ("test", "val", "train")
_COLUMNS = ("source_image", "target_image", "class")
# Those of PASCAL VOC; the list counts them from 1.
_CATEGORIES = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat"),
    *("chair", "cow", "diningtable", "dog", "horse", "motorbike", "person"),
    *("pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
_LAYOUT = (
    "JPEGImages/IMAGE.jpg, Annotations/CLASS/IMAGE.mat, "
    "test_pairs_pf_pascal.csv, val_pairs_pf_pascal.csv, "
    "train_pairs_pf_pascal.csv"
)


class PFPascal:
    """Pairs of a list, scored at the keypoints that both images have.

    Layout: `JPEGImages/IMAGE.jpg`, `Annotations/CLASS/IMAGE.mat` and
    `{test,val,train}_pairs_pf_pascal.csv`. The columns of a list count by their
    order, whatever their names: query (source) path, reference (target) path,
    class 1..20 and, in the training list alone, whether training mirrors the
    pair, which is not done here. Of a path the file name counts. A `.mat` file
    has `kps` `(number, 2)`, xy in pixels, NaN where a keypoint is missing.

    Convention:
        That of `semantic_keypoints`. `extent` is the longer side of the query
        before padding (spec 8.4, T-39).

    Args:
        data_dir: folder `PF-dataset-PASCAL`.
        variant: which list, one of `VARIANTS`; "test" is the published one.

    Raises:
        ValueError: if there is no such variant, files are missing, or the list
            is damaged.
        ImportError: if SciPy is missing.

    Example:
    ```python
    pairs = PFPascal("PF-dataset-PASCAL")
    sample = pairs[0]  # of pairs.names[0]
    ```
    """

    def __init__(self, data_dir, variant="test"):
        if variant not in VARIANTS:
            raise ValueError(
                f"`variant` must be one of {VARIANTS}. "
                f"Received: variant={variant!r}"
            )
        _import_scipy_io()
        table = f"{variant}_pairs_pf_pascal.csv"
        check_files(data_dir, [table], _LAYOUT)
        columns = (*_COLUMNS, "flip") if variant == "train" else _COLUMNS
        self._data_dir = data_dir
        self._group = variant
        self._pairs = []
        path = os.path.join(data_dir, table)
        for place, cells in read_pair_list(path, columns):
            with naming(place):
                query, reference = (_to_stem(cell) for cell in cells[:2])
                pair = (place, reference, query, _to_category(cells[2]))
            self._pairs.append(pair)
        files = [
            file
            for _, *stems, category in self._pairs
            for stem in stems
            for file in (_image(stem), _annotation(category, stem))
        ]
        check_files(data_dir, files, _LAYOUT)
        self.names = [
            pair_name(index, query, reference)
            for index, (_, reference, query, _) in enumerate(self._pairs)
        ]

    def __len__(self):
        return len(self._pairs)

    def __getitem__(self, index):
        place, *stems, category = self._pairs[index]
        with naming(place):
            images = [
                read_image(os.path.join(self._data_dir, _image(stem)))
                for stem in stems
            ]
            keypoints = [
                _read_keypoints(
                    os.path.join(self._data_dir, _annotation(category, stem))
                )
                for stem in stems
            ]
            return make_keypoint_sample(
                self.names[index],
                self._group,
                images,
                _keep_shared(*keypoints),
                extent=max(images[1].shape[:2]),
                attributes={"category": category},
            )


def _image(stem):
    return f"JPEGImages/{stem}.jpg"


def _annotation(category, stem):
    return f"Annotations/{category}/{stem}.mat"


def _to_stem(path):
    stem, extension = os.path.splitext(path.strip().rsplit("/", 1)[-1])
    if extension != ".jpg":
        raise ValueError(f"Expected the path of a .jpg. Received: {path!r}")
    return stem


def _to_category(cell):
    numbers = [str(number + 1) for number in range(len(_CATEGORIES))]
    if cell.strip() not in numbers:
        raise ValueError(f"The class must be in 1..20. Received: {cell!r}")
    return _CATEGORIES[numbers.index(cell.strip())]


def _read_keypoints(path):
    """Returns `(number, 2)` float64 xy, NaN where missing."""
    loadmat = _import_scipy_io().loadmat
    try:
        keypoints = np.asarray(loadmat(path, appendmat=False)["kps"], "float64")
    except KeyError as error:
        raise ValueError(
            f"Cannot read annotation '{path}': it has no array `kps`."
        ) from error
    except Exception as error:  # A damaged file can fail in any way.
        raise ValueError(
            f"Cannot read annotation '{path}': it is missing, cut short or no "
            f".mat file ({error}). Copy it again."
        ) from error
    if keypoints.ndim != 2 or keypoints.shape[1] != 2:
        raise ValueError(
            f"`kps` of '{path}' must have shape (number, 2). "
            f"Received: {keypoints.shape}"
        )
    return keypoints


def _keep_shared(reference_points, query_points):
    if len(reference_points) != len(query_points):
        raise ValueError(
            "Both images must have the same number of keypoints, missing ones "
            f"included. Received: {len(reference_points)} of the reference, "
            f"{len(query_points)} of the query"
        )
    shared = ~np.isnan([reference_points, query_points]).any(axis=(0, 2))
    return reference_points[shared], query_points[shared]


def _import_scipy_io():
    try:
        from scipy import io
    except ImportError as error:
        raise ImportError(
            "PF-Pascal's .mat files are read with SciPy. Install it with: pip "
            "install gocor_tf[evaluate]"
        ) from error
    return io
