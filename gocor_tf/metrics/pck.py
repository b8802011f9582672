"""Percentage of correct keypoints (PCK)."""

import numpy as np


def percentage_correct(errors, threshold):
    """Returns the percentage of errors up to a threshold.

    Args:
        errors: array of end-point errors, in pixels.
        threshold: largest error that counts as correct, in pixels.

    Returns:
        PCK in percent; NaN if there are no errors.

    Raises:
        ValueError: if the threshold is negative.
    """
    if threshold < 0:
        raise ValueError(
            f"`threshold` must be >= 0. Received: threshold={threshold}"
        )
    errors = np.asarray(errors)
    if not errors.size:
        return float("nan")
    return 100.0 * float(np.mean(errors <= threshold))
