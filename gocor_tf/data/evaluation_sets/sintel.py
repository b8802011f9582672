"""MPI-Sintel: an animated film, with dense flow."""

import glob
import os

import numpy as np

from gocor_tf.data import flow_io, photographs
from gocor_tf.data.evaluation_sets import dataset_folder
from gocor_tf.data.evaluation_sets.samples import make_sample

VARIANTS = ("both", "clean", "final")
_NUMBER = "[0-9]" * 4 + ".flo"
_LAYOUT = (
    "clean/SCENE/frame_NNNN.png, final/..., flow/SCENE/frame_NNNN.flo, "
    "invalid/SCENE/frame_NNNN.png, occlusions/..."
)


class Sintel:
    """MPI-Sintel, training pairs of both renderings (spec 5.6).

    Frame n of a scene is the reference, frame n + 1 the query, and
    `flow/SCENE/frame_NNNN.flo` the flow. The last frame has none. Groups are
    the renderings "clean" and "final"; `scene` is an attribute.

    Convention:
        The flow is NaN where `invalid/` is not 0. Hidden pixels keep theirs;
        `occluded` is where `occlusions/` is not 0, or None if the download has
        no such folder.

    Example:
        ```python
        pairs = Sintel("MPI-Sintel/training", variant="final")
        flow = pairs[0]["flow"]
        ```

    Args:
        data_dir: the folder `training`.
        variant: "both" renderings, "clean" or "final".

    Raises:
        ValueError: if `variant` is another, or a file is missing.
    """

    def __init__(self, data_dir, variant="both"):
        if variant not in VARIANTS:
            raise ValueError(
                f"`variant` must be one of {VARIANTS}. "
                f"Received: variant='{variant}'"
            )
        renderings = VARIANTS[1:] if variant == "both" else (variant,)
        self._data_dir = data_dir
        self._masks = ["invalid"]
        if os.path.exists(os.path.join(data_dir, "occlusions")):
            self._masks.append("occlusions")
        dataset_folder.check_files(
            data_dir, [*renderings, "flow", "invalid"], _LAYOUT
        )
        frames = sorted(
            os.path.relpath(path, os.path.join(data_dir, "flow"))
            for path in glob.glob(
                os.path.join(glob.escape(data_dir), "flow/*/frame_" + _NUMBER)
            )
        )
        if not frames:
            raise ValueError(
                "`data_dir` must hold at least one flow/SCENE/frame_NNNN.flo. "
                f"Received: data_dir='{data_dir}'"
            )
        self._pairs = [
            (rendering, *os.path.split(frame.removesuffix(".flo")))
            for rendering in renderings
            for frame in frames
        ]
        dataset_folder.check_files(data_dir, self._files(), _LAYOUT)
        self.names = ["-".join(pair) for pair in self._pairs]

    def __len__(self):
        return len(self._pairs)

    def __getitem__(self, index):
        rendering, scene, frame = self._pairs[index]
        path = os.path.join(self._data_dir, "flow", scene, f"{frame}.flo")
        with dataset_folder.naming(f"Pair of '{path}'"):
            reference, query = (
                self._read_image(rendering, scene, name)
                for name in (frame, _next(frame))
            )
            flow = flow_io.read_flo(path).astype("float64")
            masks = {
                name: self._read_image(name, scene, frame).any(axis=-1)
                for name in self._masks
            }
            _check_mask(masks["invalid"], flow)
            flow[masks["invalid"]] = np.nan
            return make_sample(
                self.names[index],
                rendering,
                reference,
                query,
                attributes={"scene": scene},
                flow=flow,
                occluded=masks.get("occlusions"),
            )

    def _files(self):
        for rendering, scene, frame in self._pairs:
            yield f"flow/{scene}/{frame}.flo"
            yield f"{rendering}/{scene}/{frame}.png"
            yield f"{rendering}/{scene}/{_next(frame)}.png"
            for mask in self._masks:
                yield f"{mask}/{scene}/{frame}.png"

    def _read_image(self, folder, scene, frame):
        path = os.path.join(self._data_dir, folder, scene, f"{frame}.png")
        return photographs.read_image(path)


def _next(frame):
    """Returns the name of the next frame, `frame_0008` for `frame_0007`."""
    return f"frame_{int(frame.removeprefix('frame_')) + 1:04d}"


def _check_mask(invalid, flow):
    if invalid.shape != flow.shape[:2]:
        raise ValueError(
            "`invalid` must have the size of the flow, "
            f"{flow.shape[:2]}. Received: {invalid.shape}"
        )
