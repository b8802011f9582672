"""Averages of the records of many pairs, in constant memory.

A record is a dict: the scores of one pair, each a number or a list of numbers
of fixed length, None or NaN where the pair leaves it undefined. Protocols
average over images, over all pixels of a set, or over groups of images (spec
training.md, 6.2):

    means = averages.MeanOverImages(["aepe", "pck1"])
    for record in records:
        means.update(record)
    means.result()  # {"aepe": 3.2, "pck1": 61.4}
"""

import numpy as np

from gocor_tf.metrics import flow_scores


class MeanOverImages:
    """Averages scores over the pairs that define them.

    Args:
        names: keys of the records.

    Attributes:
        num_skipped: dict, name -> number of pairs that left it undefined.
    """

    def __init__(self, names):
        self._sums = dict.fromkeys(names, 0.0)
        self._counts = dict.fromkeys(names, 0)
        self.num_skipped = dict.fromkeys(names, 0)

    def update(self, record):
        """Adds the scores of a pair.

        Args:
            record: dict with every name.

        Raises:
            ValueError: if the record lacks a name, or a list is not as long
                as before.
        """
        for name in self._sums:
            value = np.asarray(_get(record, name), np.float64)
            if np.isnan(value).any():
                self.num_skipped[name] += 1
                continue
            if self._counts[name]:
                _check_shape(name, value, self._sums[name])
            self._sums[name] = self._sums[name] + value
            self._counts[name] += 1

    def result(self):
        """Returns dict, name -> mean; NaN if no pair defines it."""
        return {
            name: (np.asarray(total) / self._counts[name]).tolist()
            if self._counts[name]
            else float("nan")
            for name, total in self._sums.items()
        }


class MeanOverPixels:
    """Averages flow scores over the pixels of all pairs.

    Args:
        names: of "aepe", "fl", "pck1", "pck_alpha_0.05" and the like.

    Raises:
        ValueError: if a name is none of these.
    """

    def __init__(self, names):
        self._names = tuple(names)
        keys = [flow_scores.numerator(name)[0] for name in self._names]
        self._sums = dict.fromkeys(["num_valid", *keys], 0)

    def update(self, record):
        """Adds the pixels of a pair.

        Args:
            record: what `flow_record` returned.

        Raises:
            ValueError: if the record lacks a sum.
        """
        for key in self._sums:
            self._sums[key] += _get(record, key)

    def result(self):
        """Returns dict, name -> mean in px or %; NaN if there is no pixel."""
        means = {
            name: flow_scores.mean_of_pixels(self._sums, name)
            for name in self._names
        }
        return {
            name: float("nan") if mean is None else mean
            for name, mean in means.items()
        }


class MeanOverGroups:
    """Averages over the images of each group, then over the groups.

    ETH3D averages over the pairs of a scene, then over the scenes: one such
    average for each rate.

    Args:
        names: keys of the records.
    """

    def __init__(self, names):
        self._names = tuple(names)
        self._groups = {}

    def update(self, record, group):
        """Adds the scores of a pair.

        Args:
            record: dict with every name.
            group: text.

        Raises:
            ValueError: as `MeanOverImages.update`.
        """
        if group not in self._groups:
            self._groups[group] = MeanOverImages(self._names)
        self._groups[group].update(record)

    @property
    def num_skipped(self):
        """Dict, name -> number of pairs that left it undefined."""
        groups = self._groups.values()
        return {
            name: sum(group.num_skipped[name] for group in groups)
            for name in self._names
        }

    def group_results(self):
        """Returns dict, group -> dict of its means, groups in order."""
        return {
            group: self._groups[group].result()
            for group in sorted(self._groups)
        }

    def result(self):
        """Returns dict, name -> mean over the groups that define it."""
        over_groups = MeanOverImages(self._names)
        for means in self.group_results().values():
            over_groups.update(means)
        return over_groups.result()


def _get(record, name):
    if name not in record:
        raise ValueError(
            f"`record` must have '{name}'. Received: {sorted(record)}"
        )
    return record[name]


def _check_shape(name, value, total):
    if value.shape != np.shape(total):
        raise ValueError(
            f"'{name}' must have shape {np.shape(total)} in every record. "
            f"Received: shape {value.shape}"
        )
