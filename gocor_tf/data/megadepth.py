"""Real pairs of MegaDepth, with sparse ground truth (spec 5.4).

The published folder has `Undistorted_SfM` with the photographs and
`scene_info` with a file `SCENE.0.npz` for each scene, see `scene_info`.

Convention:
    Points scale by the ratio of the sides, as published: positions are
    measured from the corner of an image. A point's flow is written at the
    pixel whose coordinates are the nearest integers, and is not rounded.
"""

import functools
import os
import pathlib

import cv2
import numpy as np
from keras import ops

from gocor_tf.data import photographs
from gocor_tf.data.scene_info import Scene

_COARSE_SIZE = 256
_MAX_POINTS = 2048
_ENDING = ".0.npz"


class MegaDepthPairs:
    """Pairs of photographs that show the same points of a scene.

    `pair(number)` depends on the constructor's arguments and `number` alone,
    and may be called from several threads. Each epoch, `num_pairs` long, has
    a sample of its own of each scene's pairs, in random order.

    Args:
        root: the published folder.
        seed: a non-negative integer.
        size: height and width of the images of a pair, in pixels.
        scenes: file that lists scenes, one a line, such as "0000"; "": all.
        pairs_per_scene: most pairs of a scene in an epoch.
        min_overlap: pairs overlap by more than this, 0..1.
        max_overlap: and by no more than this.
        exchange_probability: share of pairs whose images change places.

    Raises:
        ValueError: if a folder or file cannot be used; the message has its
            name.

    Example:
    ```python
    pairs = MegaDepthPairs("MegaDepth", scenes="train_scenes.txt")
    rendered = pairs.render(batches.make_batch(pairs, range(2)))
    rendered["flow_256"].shape  # (2, 256, 256, 2)
    ```
    """

    def __init__(
        self,
        root,
        *,
        seed=0,
        size=520,
        scenes="",
        pairs_per_scene=300,
        min_overlap=0.3,
        max_overlap=1.0,
        exchange_probability=0.5,
    ):
        for name, value, least in (
            ("seed", seed, 0),
            ("size", size, 2),
            ("pairs_per_scene", pairs_per_scene, 1),
        ):
            if value < least:
                raise ValueError(
                    f"`{name}` must be >= {least}. Received: {name}={value}"
                )
        if not 0.0 <= exchange_probability <= 1.0:
            raise ValueError(
                "`exchange_probability` must be in [0, 1]. Received: "
                f"exchange_probability={exchange_probability}"
            )
        self.root = pathlib.Path(root)
        self.seed = seed
        self.size = size
        self.pairs_per_scene = pairs_per_scene
        self.exchange_probability = exchange_probability
        self._scenes = [
            Scene(path, min_overlap, max_overlap)
            for path in _scene_paths(self.root, scenes)
        ]
        self._epoch = functools.lru_cache(maxsize=2)(self._draw_epoch)
        if not self.num_pairs:
            raise ValueError(
                "`min_overlap` and `max_overlap` must leave at least one pair "
                f"of images. Received: min_overlap={min_overlap}, "
                f"max_overlap={max_overlap}, root='{root}'"
            )

    @property
    def num_pairs(self):
        """Pairs of an epoch."""
        return sum(min(len(s), self.pairs_per_scene) for s in self._scenes)

    def pair(self, number):
        """Prepares one pair on the host.

        Of more than 2048 points, so many are drawn at random.

        Args:
            number: its place in the endless sequence, from 0.

        Returns:
            A dict of NumPy arrays: `reference` and `query` `(size, size, 3)`
            uint8; `displacement` `(2048, 2)`, from points of the reference to
            those of the query, in pixels, zeros beyond the last; `cell` and
            `cell_256` `(2048,)`, the pixel of the reference, counted row by
            row, that a displacement belongs to, in images of `size` and of
            256, or -1.

        Raises:
            ValueError: if a file cannot be read; the message has its name.
        """
        rng = np.random.default_rng([self.seed, 6, number])
        epoch, place = divmod(number, self.num_pairs)
        scene, *images = self._epoch(epoch)[place]
        scene = self._scenes[scene]
        if rng.uniform() < self.exchange_probability:
            images.reverse()
        points = np.stack(scene.shared_points(*images)).astype("float64")
        reference, query = (
            photographs.read_image(self.root / scene.images[image])
            for image in images
        )
        height, width = np.maximum(reference.shape, query.shape)[:2]
        points *= self.size / np.array([width, height])
        if points.shape[1] > _MAX_POINTS:
            kept = rng.choice(points.shape[1], _MAX_POINTS, replace=False)
            points = points[:, np.sort(kept)]
        return {
            "reference": _pad_and_resize(reference, height, width, self.size),
            "query": _pad_and_resize(query, height, width, self.size),
            "displacement": _fill(points[1] - points[0], 0.0, "float32"),
            "cell": _cells(points, self.size),
            "cell_256": _cells(
                points * (_COARSE_SIZE / self.size), _COARSE_SIZE
            ),
        }

    def render(self, batch):
        """Spreads the points' displacements over the pixels.

        Args:
            batch: dicts of `pair`, stacked, as arrays or tensors.

        Returns:
            A dict of float32 tensors: `reference` and `query` `(batch, size,
            size, 3)` RGB in 0..255; `flow` `(batch, size, size, 2)` in
            pixels, 0 where it is unknown; `valid` and `mask` `(batch, size,
            size, 1)`, both 1 where it is known; `flow_256` and `mask_256`,
            the same in 256 x 256 images, made from the points.
        """
        scale = _COARSE_SIZE / self.size
        flow, mask = _scatter(batch["displacement"], batch["cell"], self.size)
        flow_256, mask_256 = _scatter(
            batch["displacement"] * scale, batch["cell_256"], _COARSE_SIZE
        )
        return {
            "reference": ops.cast(batch["reference"], "float32"),
            "query": ops.cast(batch["query"], "float32"),
            "flow": flow,
            "valid": mask,
            "mask": mask,
            "flow_256": flow_256,
            "mask_256": mask_256,
        }

    def _draw_epoch(self, epoch):
        """Returns `(num_pairs, 3)`: scene, reference, query."""
        # Epochs count from 1 (spec 4.6), and the first is made with the data.
        seed = self.seed + (epoch + 1 if epoch else 0)
        drawn = [s.draw(seed, self.pairs_per_scene) for s in self._scenes]
        pairs = np.concatenate(
            [np.insert(d, 0, index, axis=1) for index, d in enumerate(drawn)]
        )
        return pairs[np.random.RandomState(seed).permutation(len(pairs))]


def _scene_paths(root, scenes):
    """Returns the names of the scenes' files."""
    folder = root / "scene_info"
    for needed in (folder, root / "Undistorted_SfM"):
        if not needed.is_dir():
            raise ValueError(
                "`root` must be a folder with the photographs in "
                "'Undistorted_SfM' and a file 'SCENE.0.npz' for each scene in "
                f"'scene_info'. '{needed}' is no folder. Received: "
                f"root='{root}'"
            )
    if not scenes:
        paths = sorted(folder.glob(f"*{_ENDING}"))
    else:
        paths = [folder / f"{s}{_ENDING}" for s in _read_lines(scenes)]
    for path in paths:
        if not path.is_file():
            raise ValueError(
                "`scenes` must list scenes that `root` has. Received: "
                f"scenes='{scenes}' with '{path.name[: -len(_ENDING)]}', but "
                f"'{path}' is no file"
            )
    if not paths:
        raise ValueError(
            "`root` and `scenes` must have at least one scene. Received: "
            f"root='{root}', scenes='{scenes}'"
        )
    return paths


def _read_lines(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().split()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"`scenes` must be a text file, a scene a line: {error}. "
            f"Received: scenes='{os.fspath(path)}'"
        ) from error


def _pad_and_resize(image, height, width, size):
    """Adds black below and to the right, then reduces or enlarges."""
    rows, columns = image.shape[:2]
    image = np.pad(image, ((0, height - rows), (0, width - columns), (0, 0)))
    is_reduced = min(height, width) >= size
    return cv2.resize(
        image,
        (size, size),
        interpolation=cv2.INTER_AREA if is_reduced else cv2.INTER_LINEAR,
    )


def _cells(points, size):
    """Returns which pixel of the reference has each point, or -1.

    A pixel has one point, the last; both ends must lie in the images.
    """
    nearest = np.rint(points).astype("int64")
    inside = ((nearest >= 0) & (nearest < size)).all(axis=(0, 2))
    x, y = nearest[0].T
    cells = np.where(inside, y * size + x, -1)
    _, last = np.unique(cells[::-1], return_index=True)
    kept = np.zeros(len(cells), bool)
    kept[len(cells) - 1 - last] = True
    return _fill(np.where(kept, cells, -1), -1, "int32")


def _fill(values, rest, dtype):
    """Returns `_MAX_POINTS` rows."""
    filled = np.full((_MAX_POINTS, *values.shape[1:]), rest, dtype)
    filled[: len(values)] = values
    return filled


def _scatter(displacement, cell, size):
    """Returns `(batch, size, size, 2)` flow, and where it is known."""
    rows = ops.shape(cell)[0]
    known = ops.cast(cell >= 0, "float32")[..., None]
    values = ops.concatenate([displacement * known, known], axis=-1)
    # Points without a pixel add nothing to the first.
    index = ops.maximum(cell, 0) + size**2 * ops.arange(rows)[:, None]
    flow_and_mask = ops.scatter(
        ops.reshape(index, (-1, 1)),
        ops.reshape(values, (-1, 3)),
        (rows * size**2, 3),
    )
    flow_and_mask = ops.reshape(flow_and_mask, (-1, size, size, 3))
    return flow_and_mask[..., :2], flow_and_mask[..., 2:]
