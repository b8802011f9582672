"""What is left of all pairs' records: means of groups, and curves.

Memory is constant but for one number a pair with a pose.
"""

import math

import numpy as np

from gocor_tf.metrics import averages, calibration, relative_pose

from . import scoring

POSE_THRESHOLDS = (5, 10, 20)
_CURVES = ("curve", "displacement_counts", "displacement_errors")
_OF_PIXELS = "_of_pixels"


class Totals:
    """Adds up the records of one method on one data set.

    Args:
        protocol: `Protocol`.
    """

    def __init__(self, protocol):
        self._protocol = protocol
        self._groups = {}
        self._all = _Group(protocol)
        self._breakdowns = {name: {} for name in protocol.breakdowns}
        self._sums = {}
        self._calibration = calibration.Calibration(scoring.NUM_BINS)
        self.num_skipped = 0

    def update(self, record):
        """Adds a pair.

        Args:
            record: of `scoring`, or of a pair that was skipped, which has
                `error` instead of scores.
        """
        if "error" in record:
            self.num_skipped += 1
            return
        _find(self._groups, record["group"], self._protocol).update(record)
        self._all.update(record)
        for name, groups in self._breakdowns.items():
            value = str(record["attributes"][name])
            _find(groups, value, self._protocol).update(record)
        self._update_curves(record["sums"])

    def groups(self):
        """Returns dict, group -> dict of its means."""
        return {name: group.means() for name, group in self._groups.items()}

    def all_pairs(self):
        """Returns the means of the whole set, as the protocol wants them."""
        means = self._all.means()
        if self._protocol.total == "groups":
            means |= _mean_of(list(self.groups().values()))
        return means

    def breakdowns(self):
        """Returns dict, attribute -> its value -> dict of means."""
        return {
            name: {value: groups[value].means() for value in sorted(groups)}
            for name, groups in self._breakdowns.items()
        }

    def curves(self):
        """Returns dict of what the pictures show; what is not known lacks.

        Keys: `pck`, % up to each of `scoring.CURVE_THRESHOLDS`;
        `displacement`, mean error in px in each bin; `sparsification` and
        `oracle`, means over the pairs of fractions of the oracle's first
        maximum; `calibration`, see `metrics.Calibration`.
        """
        sums = self._sums
        if not sums.get("num_valid"):
            return {}
        with np.errstate(invalid="ignore"):
            displacement = (
                sums["displacement_errors"] / sums["displacement_counts"]
            )
        curves = {
            "pck": 100 * sums["curve"] / sums["num_valid"],
            "displacement": displacement,
        }
        if sums.get("num_confident"):
            number = sums["num_confident"]
            curves["sparsification"] = sums["sparsification_epe"] / number
            curves["oracle"] = sums["oracle_epe"] / number
            curves["calibration"] = self._calibration.result()
        return curves

    def _update_curves(self, sums):
        names = ["num_valid", *_CURVES]
        if sums.get("oracle_epe"):
            self._add("num_confident", 1)
            self._calibration.update(sums["calibration"])
            names += ["sparsification_epe", "oracle_epe"]
        for name in names:
            if name in sums:
                self._add(name, np.asarray(sums[name], np.float64))

    def _add(self, name, value):
        self._sums[name] = self._sums.get(name, 0) + value


class _Group:
    """Adds up the records of pairs that are averaged together."""

    def __init__(self, protocol):
        self._protocol = protocol
        names = [*protocol.metrics, "seconds"]
        self._nests = protocol.nests
        self._images = (
            averages.MeanOverGroups(names)
            if protocol.nests
            else averages.MeanOverImages(names)
        )
        self._pixels = averages.MeanOverPixels(protocol.pixel_metrics)
        self._worst_errors = []
        self._num_pairs = 0

    def update(self, record):
        self._num_pairs += 1
        if self._nests:
            self._images.update(record, record["attributes"][self._nests])
        else:
            self._images.update(record)
        if record["sums"]:
            self._pixels.update(record["sums"])
        if record.get("rotation_error") is not None:
            errors = record["rotation_error"], record["translation_error"]
            self._worst_errors.append(max(errors))

    def means(self):
        """Returns the means; `x_of_pixels` are over all pixels of the group."""
        means = {"num_pairs": self._num_pairs, **_clean(self._images.result())}
        pixels = _clean(self._pixels.result())
        means |= {name + _OF_PIXELS: pixels[name] for name in pixels}
        for threshold in POSE_THRESHOLDS if self._worst_errors else ():
            means[f"auc{threshold}"] = relative_pose.pose_auc(
                self._worst_errors, threshold
            )
            means[f"map{threshold}"] = relative_pose.mean_average_precision(
                self._worst_errors, threshold
            )
        return {
            name: value
            for name, value in means.items()
            if value is not None or name in self._protocol.always
        }


def _find(groups, name, protocol):
    if name not in groups:
        groups[name] = _Group(protocol)
    return groups[name]


def _clean(means):
    return {k: None if math.isnan(v) else v for k, v in means.items()}


def _mean_of(groups):
    """Returns the plain means of groups' means, pairs not counted."""
    names = dict.fromkeys(name for group in groups for name in group)
    values = {
        name: [g[name] for g in groups if g.get(name) is not None]
        for name in names
        if name != "num_pairs"
    }
    return {k: float(np.mean(v)) if v else None for k, v in values.items()}
