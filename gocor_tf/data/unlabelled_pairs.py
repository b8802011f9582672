"""Pairs of photographs of one scene, without any ground truth."""

import csv
import functools
import itertools
import os

import numpy as np
from absl import logging

from gocor_tf.data import photographs

_COLUMNS = ("reference", "query")


class UnlabelledPairs:
    """An endless sequence of pairs of photographs.

    Pairs are the rows of a list or, without one, successive photographs of a
    folder, such as the frames of a video. Each epoch visits every pair once,
    in an order of its own. May be used from several threads.

    Args:
        image_dir: folder of the photographs; subfolders do not pair up.
        pair_list: name of a CSV file with the columns `reference` and
            `query`, paths relative to `image_dir`; "": none.
        seed: a non-negative integer.
        images: names of the photographs to use, for instance those that are
            not held out; None: all. Pairs with another one are left out.

    Raises:
        ValueError: if the list or a photograph in it cannot be read, or there
            is no pair.

    Example:
    ```python
    pairs = UnlabelledPairs("photographs", "photographs/pairs.csv")
    reference, query = pairs.images(0)
    ```
    """

    def __init__(self, image_dir, pair_list="", seed=0, images=None):
        if seed < 0:
            raise ValueError(f"`seed` must be >= 0. Received: seed={seed}")
        self.image_dir = image_dir
        self.pair_list = pair_list
        self.seed = seed
        if pair_list:
            self._pairs = _choose(read_pair_list(pair_list, image_dir), images)
        else:
            names = images or photographs.list_photographs(image_dir)
            self._pairs = _successive(sorted(map(os.fspath, names)))
        if not self._pairs:
            raise ValueError(
                "`image_dir` and `pair_list` must have at least one pair of "
                f"usable photographs. Received: image_dir='{image_dir}', "
                f"pair_list='{pair_list}'"
            )

    def __len__(self):
        return len(self._pairs)

    def images(self, number):
        """Reads one pair.

        Args:
            number: its place in the endless sequence, from 0.

        Returns:
            The reference and the query, `(height, width, 3)` uint8 RGB each.

        Raises:
            ValueError: if a file cannot be read; the message has its name
                and, of a list, its row.
        """
        epoch, place = divmod(number, len(self._pairs))
        chosen = _order(self.seed, epoch, len(self._pairs))[place]
        *paths, row = self._pairs[chosen]
        try:
            return tuple(photographs.read_image(path) for path in paths)
        except ValueError as error:
            if row is None:
                raise
            raise ValueError(
                f"Row {row} of '{self.pair_list}': {error}"
            ) from error


def read_pair_list(path, image_dir):
    """Reads a list of pairs and checks that their photographs are there.

    Args:
        path: name of a CSV file with the columns `reference` and `query`.
        image_dir: folder that its paths are relative to.

    Returns:
        A list of tuples: the two file names, and the row, counted from 1 for
        the header.

    Raises:
        ValueError: if the file is no such list or, naming the row, if a
            photograph is not there.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except OSError as error:
        raise ValueError(
            f"Cannot read pairs '{path}': {error.strerror}."
        ) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(
            f"Cannot read pairs '{path}': it is not CSV ({error})."
        ) from error
    if not rows or tuple(rows[0]) != _COLUMNS:
        raise ValueError(
            f"Cannot read pairs '{path}': its first line must be "
            f"'{','.join(_COLUMNS)}'. Received: {rows[:1]}"
        )
    return [
        (*_to_paths(row, number, path, image_dir), number)
        for number, row in enumerate(rows[1:], start=2)
        if row
    ]


def _to_paths(row, number, path, image_dir):
    """Returns the file names of one row."""
    if len(row) != len(_COLUMNS):
        raise ValueError(
            f"Row {number} of '{path}' must have a reference and a query. "
            f"Received: {row}"
        )
    names = [os.path.join(image_dir, name) for name in row]
    for name in names:
        if not os.path.isfile(name):
            raise ValueError(
                f"Row {number} of '{path}' must name two photographs. "
                f"'{name}' is no file."
            )
    return names


def _choose(pairs, images):
    """Returns the pairs of which both photographs are among some."""
    if images is None:
        return pairs
    names = {os.path.realpath(name) for name in images}
    chosen = [
        pair
        for pair in pairs
        if all(os.path.realpath(name) in names for name in pair[:2])
    ]
    if len(chosen) < len(pairs):
        logging.info("%d of %d pairs are used.", len(chosen), len(pairs))
    return chosen


def _successive(names):
    """Returns each file with the next one of its folder."""
    return [
        (one, other, None)
        for one, other in itertools.pairwise(names)
        if os.path.dirname(one) == os.path.dirname(other)
    ]


@functools.lru_cache(maxsize=4)
def _order(seed, epoch, number):
    return np.random.default_rng([seed, 4, epoch]).permutation(number)
