"""Calibration of a confidence: is it right as often as it says?

A confidence of 0.8 that an error is at most R px should hold for 80 % of the
pixels that have it. Pixels are binned by confidence; the expected calibration
error is the mean distance, over the pixels, between the confidence and the
observed share of their bin.
"""

import numpy as np

from gocor_tf.metrics import pixel_values

_COLUMNS = ("counts", "confidence_sums", "num_correct")


def calibration_record(confidences, errors, radius=1.0, num_bins=20):
    """Counts the pixels of one pair in bins of confidence.

    Args:
        confidences: that the error is at most the radius, in [0, 1].
        errors: what the confidence speaks of, of the same shape, in px: the
            end-point error, or the larger of |dx| and |dy| for P_R of a
            mixture of Laplacians.
        radius: R, in px.
        num_bins: bins of equal width over [0, 1]; each holds its lower edge,
            the last one both.

    Returns:
        Dict of lists, a number a bin, that JSON can hold: `counts`,
        `confidence_sums` and `num_correct`.

    Raises:
        ValueError: if the shapes differ, a value is not finite, a confidence
            is outside [0, 1], or the number of bins is not positive.
    """
    confidences, errors = pixel_values.to_arrays(
        confidences=confidences, errors=errors
    )
    edges = _bin_edges(num_bins)
    if (
        confidences.size
        and not 0 <= confidences.min() <= confidences.max() <= 1
    ):
        raise ValueError(
            "`confidences` must be in [0, 1]. Received: from "
            f"{confidences.min():g} to {confidences.max():g}"
        )
    bins = np.searchsorted(edges, confidences, side="right") - 1
    bins = np.minimum(bins, num_bins - 1)
    columns = (None, confidences, errors <= radius)
    return {
        name: np.bincount(bins, column, num_bins).tolist()
        for name, column in zip(_COLUMNS, columns, strict=True)
    }


class Calibration:
    """Adds up the bins of many pairs.

    Args:
        num_bins: of the records.

    Raises:
        ValueError: if the number of bins is not positive.
    """

    def __init__(self, num_bins=20):
        self._edges = _bin_edges(num_bins)
        self._sums = {name: np.zeros(num_bins) for name in _COLUMNS}

    def update(self, record):
        """Adds the pixels of a pair.

        Args:
            record: what `calibration_record` returned.

        Raises:
            ValueError: if the record lacks a list or has another number of
                bins.
        """
        for name, total in self._sums.items():
            column = record.get(name, [])
            if len(column) != len(total):
                raise ValueError(
                    f"`record` must have '{name}' of {len(total)} bins. "
                    f"Received: {len(column)}"
                )
            total += column

    def result(self):
        """Returns the reliability diagram and its summary.

        Returns:
            Dict: `edges` of the bins; `counts`, and means of a bin's
            `confidence` and `observed` share of correct pixels, NaN in empty
            bins; `expected_calibration_error` in [0, 1], NaN without pixels.
        """
        counts, confidence_sums, num_correct = self._sums.values()
        with np.errstate(invalid="ignore"):
            confidence = confidence_sums / counts
            observed = num_correct / counts
            gap = np.abs(confidence_sums - num_correct).sum() / counts.sum()
        return {
            "edges": self._edges.tolist(),
            "counts": counts.astype(int).tolist(),
            "confidence": confidence.tolist(),
            "observed": observed.tolist(),
            "expected_calibration_error": float(gap),
        }


def _bin_edges(num_bins):
    if num_bins < 1:
        raise ValueError(
            f"`num_bins` must be > 0. Received: num_bins={num_bins}"
        )
    return np.linspace(0.0, 1.0, num_bins + 1)
