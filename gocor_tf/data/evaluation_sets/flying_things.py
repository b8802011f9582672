"""FlyingThings3D: random objects on random ways, with dense flow."""

import glob
import itertools
import os

from gocor_tf.data import pfm_io, photographs
from gocor_tf.data.evaluation_sets import dataset_folder
from gocor_tf.data.evaluation_sets.samples import make_sample

VARIANTS = ("clean", "final")
_NUMBER = "[0-9]" * 4
_FLOWS = "optical_flow/TEST/{}/{}/into_future/left/{}"
_FLOW = "OpticalFlowIntoFuture_{}_L.pfm"


class FlyingThings:
    """FlyingThings3D: the left camera of the test split, forward in time.

    Frame n, `frames_cleanpass/TEST/A/0000/left/NNNN.png` (A, B or C), is the
    reference and frame n + 1 the query. The flow is
    `optical_flow/TEST/A/0000/into_future/left/OpticalFlowIntoFuture_NNNN_L.pfm`
    of three channels: x, y, and one that is not used. The last frame of a
    sequence has a flow but no query, and is left out. All pairs are the group
    "all"; `scene` is an attribute.

    Example:
        ```python
        pairs = FlyingThings("FlyingThings3D", variant="final")
        flow = pairs[0]["flow"]
        ```

    Args:
        data_dir: folder of `frames_cleanpass` (or `frames_finalpass`) and
            `optical_flow`.
        variant: "clean" or "final" rendering.

    Raises:
        ValueError: if `variant` is another, or a file is missing.
    """

    def __init__(self, data_dir, variant="clean"):
        if variant not in VARIANTS:
            raise ValueError(
                f"`variant` must be one of {VARIANTS}. "
                f"Received: variant='{variant}'"
            )
        self._data_dir = data_dir
        frames = f"frames_{variant}pass/TEST"
        layout = f"{frames}/A/0000/left/0006.png, " + _FLOWS.format(
            "A", "0000", _FLOW.format("0006")
        )
        dataset_folder.check_files(
            data_dir, [frames, "optical_flow/TEST"], layout
        )
        self._pairs = [
            (*sequence, frame, f"{frames}/{'/'.join(sequence)}/left")
            for sequence, frame in _list_frames(data_dir)
        ]
        if not self._pairs:
            raise ValueError(
                "`data_dir` must hold at least one sequence of two frames. "
                f"Received: data_dir='{data_dir}'. It should look like this: "
                f"{layout}"
            )
        dataset_folder.check_files(
            data_dir,
            itertools.chain.from_iterable(map(_files, self._pairs)),
            layout,
        )
        self.names = ["-".join(pair[:3]) for pair in self._pairs]

    def __len__(self):
        return len(self._pairs)

    def __getitem__(self, index):
        pair = self._pairs[index]
        reference, query, flow = (
            os.path.join(self._data_dir, name) for name in _files(pair)
        )
        with dataset_folder.naming(f"Pair of '{flow}'"):
            vectors = pfm_io.read_pfm(flow)
            if vectors.ndim != 3:
                raise ValueError(
                    "the flow must have 3 channels, x, y and one more. "
                    "Received: 1 channel"
                )
            return make_sample(
                self.names[index],
                "all",
                photographs.read_image(reference),
                photographs.read_image(query),
                attributes={"scene": "/".join(pair[:2])},
                flow=vectors[..., :2].astype("float64"),
            )


def _list_frames(data_dir):
    """Lists ((letter, sequence), frame), without the last of a sequence."""
    pattern = _FLOWS.format("[ABC]", _NUMBER, _FLOW.format(_NUMBER))
    frames = []
    for path in glob.glob(os.path.join(glob.escape(data_dir), pattern)):
        parts = os.path.relpath(path, data_dir).split(os.sep)
        frames.append(((parts[2], parts[3]), parts[-1].split("_")[1]))
    frames.sort()
    return [
        one
        for one, following in itertools.pairwise(frames)
        if one[0] == following[0]
    ]


def _files(pair):
    """Returns the names of reference, query and flow."""
    letter, sequence, frame, folder = pair
    return (
        f"{folder}/{frame}.png",
        f"{folder}/{int(frame) + 1:04d}.png",
        _FLOWS.format(letter, sequence, _FLOW.format(frame)),
    )
