"""Percentage of outliers of a flow, KITTI's Fl."""

import numpy as np

from gocor_tf.metrics import pixel_values


def outlier_rate(errors, magnitudes, threshold=3.0, ratio=0.05):
    """Returns the percentage of outliers (spec training.md, 6.1).

    Args:
        errors: end-point errors of the pixels, in px.
        magnitudes: lengths of their true flow, of the same shape, in px.
        threshold: an outlier errs by more than this, in px, ...
        ratio: ... and by more than this share of the true length.

    Returns:
        Fl in percent; NaN if there are no errors.

    Raises:
        ValueError: if the shapes differ or a value is not finite.
    """
    num_outliers = count_outliers(errors, magnitudes, threshold, ratio)
    num_errors = np.size(errors)
    return 100.0 * num_outliers / num_errors if num_errors else float("nan")


def count_outliers(errors, magnitudes, threshold=3.0, ratio=0.05):
    """Returns the number of outliers, to add up over the pairs of a set.

    Args:
        errors: end-point errors of the pixels, in px.
        magnitudes: lengths of their true flow, of the same shape, in px.
        threshold: an outlier errs by more than this, in px, ...
        ratio: ... and by more than this share of the true length.

    Returns:
        An int.

    Raises:
        ValueError: if the shapes differ or a value is not finite.
    """
    errors, magnitudes = pixel_values.to_arrays(
        errors=errors, magnitudes=magnitudes
    )
    is_outlier = (errors > threshold) & (errors > ratio * magnitudes)
    return int(np.count_nonzero(is_outlier))
