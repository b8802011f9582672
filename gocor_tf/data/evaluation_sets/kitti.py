"""KITTI 2012 and 2015: a driving car, with sparse flow from a laser."""

import glob
import os

import numpy as np

from gocor_tf.data import flow_io, photographs
from gocor_tf.data.evaluation_sets import dataset_folder
from gocor_tf.data.evaluation_sets.samples import make_sample

VARIANTS = ("occ", "noc", "only_occ")
_SUFFIX = "_10.png"
_SMALLEST = 1e-10


class Kitti:
    """KITTI's training pairs of one year; see `Kitti2012` and `Kitti2015`.

    Args:
        data_dir: the folder `training`.
        variant: "occ" for all pixels with flow, "noc" without those whose
            match is hidden, "only_occ" for these alone.
        image_dir: folder of the images in `data_dir`.
        group: of all pairs.

    Raises:
        ValueError: if `variant` is another, or a file is missing.
    """

    def __init__(self, data_dir, variant, image_dir, group):
        if variant not in VARIANTS:
            raise ValueError(
                f"`variant` must be one of {VARIANTS}. "
                f"Received: variant='{variant}'"
            )
        self._data_dir = data_dir
        self._image_dir = image_dir
        self._group = group
        self._flow_dirs = {
            "occ": ("flow_occ",),
            "noc": ("flow_noc",),
            "only_occ": ("flow_occ", "flow_noc"),
        }[variant]
        layout = (
            f"{image_dir}/NNNNNN_10.png and NNNNNN_11.png, "
            + " and ".join(f"{name}/NNNNNN_10.png" for name in self._flow_dirs)
        )
        dataset_folder.check_files(data_dir, self._flow_dirs, layout)
        flows = os.path.join(glob.escape(data_dir), self._flow_dirs[0])
        self.names = sorted(
            os.path.basename(path).removesuffix(".png")
            for path in glob.glob(f"{flows}/*{_SUFFIX}")
        )
        if not self.names:
            raise ValueError(
                f"`data_dir` must hold at least one {self._flow_dirs[0]}/"
                f"NNNNNN{_SUFFIX}. Received: data_dir='{data_dir}'"
            )
        dataset_folder.check_files(data_dir, self._files(), layout)

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        name = self.names[index]
        path = self._path(self._flow_dirs[0], name)
        with dataset_folder.naming(f"Pair of '{path}'"):
            reference, query = (
                photographs.read_image(self._path(self._image_dir, image))
                for image in (name, _next(name))
            )
            return make_sample(
                name, self._group, reference, query, flow=self._read_flow(name)
            )

    def _files(self):
        for name in self.names:
            yield f"{self._image_dir}/{name}.png"
            yield f"{self._image_dir}/{_next(name)}.png"
            for flow_dir in self._flow_dirs:
                yield f"{flow_dir}/{name}.png"

    def _path(self, folder, name):
        return os.path.join(self._data_dir, folder, f"{name}.png")

    def _read_flow(self, name):
        """Reads the flow, NaN where it is not to be scored."""
        flow, valid = flow_io.read_kitti_flow(
            self._path(self._flow_dirs[0], name)
        )
        for flow_dir in self._flow_dirs[1:]:
            path = self._path(flow_dir, name)
            visible = flow_io.read_kitti_flow(path)[1]
            if visible.shape != valid.shape:
                raise ValueError(
                    f"'{path}' must have the size of the other flow, "
                    f"{valid.shape}. Received: {visible.shape}"
                )
            valid = valid & ~visible
        flow = flow.astype("float64")
        # So that the relative error of a vector 0 is defined (spec 5.5).
        flow[np.abs(flow) < _SMALLEST] = _SMALLEST
        return np.where(valid[..., None], flow, np.nan)


class Kitti2012(Kitti):
    """KITTI 2012, training pairs (spec 5.5).

    `colored_0/NNNNNN_10.png` is the reference, `NNNNNN_11.png` the query, and
    `flow_occ/NNNNNN_10.png` (and `flow_noc/`) a 16-bit PNG: red is
    64 x + 32768, green 64 y + 32768, blue 1 where the flow is known. All pairs
    are the group "kitti2012".

    Convention:
        Images have their native size. The flow is NaN where it is unknown, and
        components of 0 are 1e-10.

    Example:
        ```python
        pairs = Kitti2012("KITTI_2012/training")
        flow = pairs[0]["flow"]
        ```

    Args:
        data_dir: the folder `training`.
        variant: "occ" for all pixels with flow, "noc" without those whose
            match is hidden, "only_occ" for these alone.

    Raises:
        ValueError: if `variant` is another, or a file is missing.
    """

    def __init__(self, data_dir, variant="occ"):
        super().__init__(data_dir, variant, "colored_0", "kitti2012")


class Kitti2015(Kitti):
    """KITTI 2015, training pairs (spec 5.5).

    As `Kitti2012`, but the images are in `image_2/` and the group is
    "kitti2015".

    Example:
        ```python
        pairs = Kitti2015("KITTI_2015/training")
        flow = pairs[0]["flow"]
        ```

    Args:
        data_dir: the folder `training`.
        variant: "occ" for all pixels with flow, "noc" without those whose
            match is hidden, "only_occ" for these alone.

    Raises:
        ValueError: if `variant` is another, or a file is missing.
    """

    def __init__(self, data_dir, variant="occ"):
        super().__init__(data_dir, variant, "image_2", "kitti2015")


def _next(name):
    return name.removesuffix("_10") + "_11"
