"""Checkpoints of a training run: one .npz file each, the newest few kept.

A checkpoint is written under a temporary name and then renamed, so that a run
that is killed while writing leaves the checkpoints before it as they were.
The format is the same on all backends.
"""

import json
import pathlib
import zipfile
import zlib

import numpy as np
from absl import logging

from gocor_tf.data import atomic

_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
)


class Checkpoints:
    """The checkpoints of one folder.

    Args:
        folder: where they are; created if missing.
        keep: how many of the newest to keep.
    """

    def __init__(self, folder, keep):
        if keep < 1:
            raise ValueError(
                f"`keep_checkpoints` must be > 0. "
                f"Received: keep_checkpoints={keep}"
            )
        self._folder = pathlib.Path(folder)
        self._keep = keep
        self._folder.mkdir(parents=True, exist_ok=True)
        for leftover in self._folder.glob(".*.npz"):
            leftover.unlink()

    def save(self, step, arrays, facts):
        """Writes a checkpoint and removes the oldest beyond `keep`.

        Args:
            step: steps taken so far.
            arrays: list of arrays.
            facts: dict that JSON can hold.

        Raises:
            OSError: if it cannot be written, on a full disk for example; the
                checkpoints before it are left as they were.
        """
        path = self._folder / f"step_{step:09d}.npz"
        named = {f"state_{i:05d}": array for i, array in enumerate(arrays)}
        try:
            with atomic.atomic_path(path) as temporary:
                np.savez(temporary, step=step, facts=json.dumps(facts), **named)
        except OSError as error:
            raise OSError(
                f"Cannot write checkpoint '{path}': {error.strerror or error}. "
                "The ones before it are whole: make room and run the same "
                "command again."
            ) from error
        for old in self._paths()[self._keep :]:
            old.unlink()

    def restore(self):
        """Reads the newest checkpoint that is whole.

        Returns:
            `(step, arrays, facts)` as saved, or None if there is none.
        """
        for path in self._paths():
            try:
                return _read(path)
            except _UNREADABLE as error:
                logging.warning(
                    "Checkpoint %s is damaged (%s); trying the one before.",
                    path,
                    str(error).partition("\n")[0],
                )
        return None

    def _paths(self):
        """Returns the checkpoints' paths, newest first."""
        return sorted(self._folder.glob("step_*.npz"), reverse=True)


def _read(path):
    with np.load(path, allow_pickle=False) as file:
        names = sorted(n for n in file.files if n.startswith("state_"))
        arrays = [file[name] for name in names]
        return int(file["step"]), arrays, json.loads(str(file["facts"]))
