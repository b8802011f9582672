"""TSS: dense flow between objects of a class (spec 5.7).

Taniai, Sinha, Sato: "Joint Recovery of Dense Correspondence and Cosegmentation
in Two Images", CVPR 2016.
"""

import glob
import os

import numpy as np

from gocor_tf.data import flow_io
from gocor_tf.data.evaluation_sets.dataset_folder import check_files, naming
from gocor_tf.data.evaluation_sets.padding import pad_to_common_size
from gocor_tf.data.evaluation_sets.samples import make_sample
from gocor_tf.data.photographs import read_image

_GROUPS = ("FG3DCar", "JODS", "PASCAL")
_KINDS = ("image{}.png", "flow{}.flo", "mask{}.png")
_LAYOUT = (
    "FG3DCar, JODS and PASCAL, each with a folder per pair that holds "
    "image1.png, image2.png, flow1.flo, flow2.flo, mask1.png, mask2.png"
)
_FOREGROUND = 255
# Middlebury's mark of an unknown vector.
_UNKNOWN = 1e9


class TSS:
    """Both directions of every pair: image 2 as reference, then image 1.

    Layout: `{FG3DCar,JODS,PASCAL}/PAIR/{image1.png, image2.png, flow1.flo,
    flow2.flo, mask1.png, mask2.png}`; 400 pairs, so 800 samples.

    Convention:
        `flowN.flo` is on the grid of image N, which is the reference, and
        points into the other image. It is known where `maskN.png` is 255, the
        foreground, and no vector is beyond 1e9. Images are padded at the bottom
        and the right to a common size. `extent` is the longer side of the
        query before padding (spec 8.4, T-39). The group is the subset.

    Args:
        data_dir: folder of the three subsets, `TSS_CVPR2016`.

    Raises:
        ValueError: if files are missing, or a subset has no pair.

    Example:
    ```python
    pairs = TSS("TSS_CVPR2016")
    sample = pairs[0]  # of pairs.names[0]
    ```
    """

    def __init__(self, data_dir):
        check_files(data_dir, _GROUPS, _LAYOUT)
        self._data_dir = data_dir
        self._pairs = [
            (group, pair, number)
            for group in _GROUPS
            for pair in _list_pairs(os.path.join(data_dir, group))
            for number in (2, 1)
        ]
        files = [
            f"{group}/{pair}/{kind.format(number)}"
            for group, pair, number in self._pairs
            for kind in _KINDS
        ]
        check_files(data_dir, files, _LAYOUT)
        self.names = [
            f"{group}-{pair}-image{number}"
            for group, pair, number in self._pairs
        ]

    def __len__(self):
        return len(self._pairs)

    def __getitem__(self, index):
        group, pair, number = self._pairs[index]
        image, flow, mask = (
            os.path.join(self._data_dir, group, pair, kind) for kind in _KINDS
        )
        with naming(f"Pair '{group}/{pair}'"):
            reference = read_image(image.format(number))
            query = read_image(image.format(3 - number))
            extent = max(query.shape[:2])
            flow = _read_flow(
                flow.format(number), mask.format(number), reference.shape[:2]
            )
            reference, query = pad_to_common_size(reference, query)
            padded = np.full((*reference.shape[:2], 2), np.nan)
            padded[: flow.shape[0], : flow.shape[1]] = flow
            return make_sample(
                self.names[index],
                group,
                reference,
                query,
                flow=padded,
                extent=extent,
            )


def _list_pairs(folder):
    paths = sorted(glob.glob(os.path.join(glob.escape(folder), "*", "")))
    if not paths:
        raise ValueError(
            f"'{folder}' must hold a folder for each pair. Received: none"
        )
    return [os.path.basename(os.path.dirname(path)) for path in paths]


def _read_flow(flow_path, mask_path, size):
    """Returns a `(height, width, 2)` float64 flow, NaN where unknown."""
    flow = flow_io.read_flo(flow_path).astype("float64")
    mask = read_image(mask_path)
    for path, array in ((flow_path, flow), (mask_path, mask)):
        if array.shape[:2] != size:
            raise ValueError(
                f"'{path}' must have the size of its image, {size[1]} x "
                f"{size[0]} pixels. Received: {array.shape[1]} x "
                f"{array.shape[0]}"
            )
    known = (mask == _FOREGROUND).all(axis=-1)
    known &= (np.abs(flow) < _UNKNOWN).all(axis=-1)
    if not known.any():
        raise ValueError(
            f"'{mask_path}' must mark a foreground, {_FOREGROUND}, where "
            f"'{flow_path}' is known. Received: no such pixel"
        )
    return np.where(known[..., None], flow, np.nan)
