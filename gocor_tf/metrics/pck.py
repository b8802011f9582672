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


def percentage_correct_alpha(errors, alpha, extent):
    """Returns the percentage of errors up to a share of an object's extent.

    Args:
        errors: array of end-point errors, in pixels.
        alpha: largest error that counts as correct, relative to the extent.
        extent: length of the object or the image, in pixels.

    Returns:
        PCK-alpha in percent; NaN if there are no errors.

    Raises:
        ValueError: if alpha is negative, or the extent is not a positive
            number.
    """
    return percentage_correct(errors, alpha_threshold(alpha, extent))


def alpha_threshold(alpha, extent):
    """Returns the largest error that PCK-alpha counts as correct, in pixels.

    Args:
        alpha: the error relative to the extent.
        extent: length of the object or the image, in pixels.

    Raises:
        ValueError: if alpha is negative, or the extent is not a positive
            number.
    """
    if not alpha >= 0:
        raise ValueError(f"`alpha` must be >= 0. Received: alpha={alpha}")
    if extent is None or not 0 < extent < np.inf:
        raise ValueError(
            "`extent` must be a positive number of pixels. "
            f"Received: extent={extent}"
        )
    return alpha * extent
