"""Pairs saved one by one, in the published form (spec 1.1.4, 1.2).

A folder has `images/NAME_img_1.jpg`, the query, `images/NAME_img_2.jpg`, the
reference, and `flow/NAME_flow.flo`. Images may be PNG files as well, which,
unlike JPEG, keep what was rendered.
"""

import functools
import os

import numpy as np
from keras import ops

from gocor_tf.data import flow_io, photographs
from gocor_tf.ops.warp import in_view_mask

MASKS = ("valid", "none")
_ENDING = "_flow.flo"
_EXTENSIONS = (".jpg", ".png")


class SavedPairs:
    """Pairs of one or more folders.

    `pair(number)` depends on the constructor's arguments and `number` alone,
    and may be called from several threads. Each epoch, `num_pairs` long, has
    an order of its own.

    Args:
        folders: a folder, or a list of folders.
        seed: a non-negative integer, of the order and of the split.
        split: probability that a pair is for training, 0..1. Each pair is
            drawn for; the same seed gives the same split.
        held_out: whether to take the pairs that are not for training.
        mask: where the loss counts: "valid", where the match is in view, or
            "none", everywhere.

    Raises:
        ValueError: if a folder or file is missing, or flows are not square;
            the message has its name.

    Example:
    ```python
    pairs = SavedPairs("static_pairs", split=0.97)
    rendered = pairs.render(batches.make_batch(pairs, range(2)))
    ```
    """

    def __init__(
        self, folders, *, seed=0, split=1.0, held_out=False, mask="valid"
    ):
        if seed < 0:
            raise ValueError(f"`seed` must be >= 0. Received: seed={seed}")
        if not 0.0 <= split <= 1.0:
            raise ValueError(
                f"`split` must be in [0, 1]. Received: split={split}"
            )
        if mask not in MASKS:
            raise ValueError(
                f"`mask` must be one of {MASKS}. Received: mask={mask!r}"
            )
        if isinstance(folders, (str, os.PathLike)):
            folders = [folders]
        self.seed = seed
        self.mask = mask
        paths = [files for folder in folders for files in _list_pairs(folder)]
        draws = np.random.default_rng([seed, 8]).uniform(size=len(paths))
        self._pairs = [
            files
            for files, draw in zip(paths, draws, strict=True)
            if (draw < split) != held_out
        ]
        if not self._pairs:
            raise ValueError(
                "`folders` and `split` must leave at least one pair. "
                f"Received: folders={folders} with {len(paths)} pairs, "
                f"split={split}, held_out={held_out}"
            )
        first = self._pairs[0][-1]
        height, self.size = flow_io.read_flo(first).shape[:2]
        if height != self.size:
            raise ValueError(
                f"Flows must be square. '{first}' is {height} x {self.size}."
            )

    @property
    def num_pairs(self):
        """Pairs of an epoch."""
        return len(self._pairs)

    def pair(self, number):
        """Reads one pair.

        Args:
            number: its place in the endless sequence, from 0.

        Returns:
            A dict of NumPy arrays: `reference` and `query` `(size, size, 3)`
            uint8, `flow` `(size, size, 2)` float32, in pixels.

        Raises:
            ValueError: if a file cannot be read, or has another size; the
                message has its name.
        """
        epoch, place = divmod(number, self.num_pairs)
        chosen = _order(self.seed, epoch, self.num_pairs)[place]
        query, reference, flow = self._pairs[chosen]
        arrays = {
            "reference": photographs.read_image(reference),
            "query": photographs.read_image(query),
            "flow": flow_io.read_flo(flow),
        }
        for path, array in zip(
            (reference, query, flow), arrays.values(), strict=True
        ):
            if array.shape[:2] != (self.size, self.size):
                raise ValueError(
                    f"Images and flows must be {self.size} x {self.size}, as "
                    f"the first one. '{path}' is "
                    f"{array.shape[0]} x {array.shape[1]}."
                )
        return arrays

    def render(self, batch):
        """Casts a batch, and adds masks.

        Args:
            batch: dicts of `pair`, stacked, as arrays or tensors.

        Returns:
            A dict of float32 tensors: `reference` and `query` `(batch, size,
            size, 3)` RGB in 0..255; `flow` `(batch, size, size, 2)` in
            pixels; `valid` `(batch, size, size, 1)`, 1 where the match lies
            in the query, borders included, else 0; `mask`, likewise, 1 where
            the loss counts.
        """
        pair = {k: ops.cast(value, "float32") for k, value in batch.items()}
        valid = in_view_mask(pair["flow"])
        mask = ops.ones_like(valid) if self.mask == "none" else valid
        return pair | {"valid": valid, "mask": mask}


def _list_pairs(folder):
    """Returns the names of query, reference and flow of each pair, sorted."""
    parts = [os.path.join(folder, name) for name in ("images", "flow")]
    for part in parts:
        if not os.path.isdir(part):
            raise ValueError(
                "`folders` must have images in 'images' and flows in 'flow'. "
                f"'{part}' is no folder. Received: '{folder}'"
            )
    images, flows = (set(os.listdir(part)) for part in parts)
    pairs = []
    for flow in sorted(name for name in flows if name.endswith(_ENDING)):
        stem = flow.removesuffix(_ENDING)
        names = [_find_image(f"{stem}_img_{i}", images) for i in (1, 2)]
        for number, name in enumerate(names, start=1):
            if name is None:
                missing = os.path.join(parts[0], f"{stem}_img_{number}.jpg")
                raise ValueError(
                    f"Each flow must have two images. '{missing}' is missing, "
                    f"of '{os.path.join(parts[1], flow)}'."
                )
        pairs.append(
            (
                *(os.path.join(parts[0], name) for name in names),
                os.path.join(parts[1], flow),
            )
        )
    return pairs


def _find_image(stem, names):
    """Returns the name of an image file with some stem, or None."""
    found = (stem + ending for ending in _EXTENSIONS)
    return next((name for name in found if name in names), None)


@functools.lru_cache(maxsize=4)
def _order(seed, epoch, number):
    return np.random.default_rng([seed, 9, epoch]).permutation(number)
