"""FlyingChairs: chairs moved over photographs, with dense flow."""

import os

from gocor_tf.data import flow_io, photographs
from gocor_tf.data.evaluation_sets import dataset_folder
from gocor_tf.data.evaluation_sets.samples import make_sample

VARIANTS = ("val", "train")
_SPLIT = "FlyingChairs_train_val.txt"
_CODES = {"train": "1", "val": "2"}
_LAYOUT = (
    "data/NNNNN_img1.ppm, data/NNNNN_img2.ppm, data/NNNNN_flow.flo, "
    f"and {_SPLIT}"
)


class FlyingChairs:
    """FlyingChairs, one of its two splits.

    `data/NNNNN_img1.ppm` is the reference, `NNNNN_img2.ppm` the query, and
    `NNNNN_flow.flo` the flow. Line N of `FlyingChairs_train_val.txt`, which is
    published beside the images and looked for in `data_dir`, is 1 if pair
    NNNNN is for training and 2 if it is for validation. All pairs are the
    group "all".

    Example:
        ```python
        pairs = FlyingChairs("FlyingChairs_release", variant="val")
        flow = pairs[0]["flow"]
        ```

    Args:
        data_dir: the folder `FlyingChairs_release`.
        variant: "val" or "train".

    Raises:
        ValueError: if `variant` is another, a file is missing, or the list is
            malformed.
    """

    def __init__(self, data_dir, variant="val"):
        if variant not in VARIANTS:
            raise ValueError(
                f"`variant` must be one of {VARIANTS}. "
                f"Received: variant='{variant}'"
            )
        self._data_dir = data_dir
        dataset_folder.check_files(data_dir, [_SPLIT], _LAYOUT)
        codes = _read_split(os.path.join(data_dir, _SPLIT))
        self.names = [
            f"{number:05d}"
            for number, code in enumerate(codes, start=1)
            if code == _CODES[variant]
        ]
        if not self.names:
            raise ValueError(
                f"'{os.path.join(data_dir, _SPLIT)}' must have at least one "
                f"line {_CODES[variant]}, for `variant` '{variant}'. "
                f"Received: {len(codes)} other lines"
            )
        dataset_folder.check_files(
            data_dir,
            (
                f"data/{name}_{file}"
                for name in self.names
                for file in ("img1.ppm", "img2.ppm", "flow.flo")
            ),
            _LAYOUT,
        )

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        name = self.names[index]
        start = os.path.join(self._data_dir, "data", name)
        with dataset_folder.naming(f"Pair of '{start}_flow.flo'"):
            return make_sample(
                name,
                "all",
                photographs.read_image(f"{start}_img1.ppm"),
                photographs.read_image(f"{start}_img2.ppm"),
                flow=flow_io.read_flo(f"{start}_flow.flo").astype("float64"),
            )


def _read_split(path):
    """Returns the code of each pair, "1" or "2"."""
    try:
        with open(path, encoding="utf-8") as file:
            codes = file.read().split()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"Cannot read '{path}': {reason}.") from error
    for number, code in enumerate(codes, start=1):
        if code not in _CODES.values():
            raise ValueError(
                f"Line {number} of '{path}' must be 1, training, or 2, "
                f"validation. Received: '{code:.50}'"
            )
    return codes
