"""The score of one flow as counts and sums, from which any mean is made.

| key | meaning |
|---|---|
| `num_valid` | pixels or points with ground truth |
| `epe_sum` | sum of their end-point errors, in px |
| `num_correct_T` | those that err by at most T px |
| `num_correct_alpha_A` | those that err by at most A times the extent |
| `num_outliers` | those that are outliers of Fl |
| `aepe`, `pckT`, `pck_alpha_A`, `fl` | means of this pair, in px and percent |

`gocor_tf.metrics.averages` averages such records over a data set.
"""

import numpy as np

from gocor_tf.metrics import outlier_rate, pck, pixel_values


def flow_record(errors, magnitudes, thresholds, extent=None, alphas=()):
    """Scores one pair.

    Args:
        errors: end-point errors where the truth is known, in px.
        magnitudes: lengths of the true flow there, in px.
        thresholds: of PCK, in px.
        extent: length that PCK-alpha is relative to, in px, or None.
        alphas: of PCK-alpha.

    Returns:
        Dict of ints and floats that JSON can hold; the keys are those of the
        module. The means are None if no truth is known.

    Raises:
        ValueError: if the shapes differ, a value is not finite, a threshold
            or alpha is negative, or there are alphas but no positive extent.
    """
    errors, magnitudes = pixel_values.to_arrays(
        errors=errors, magnitudes=magnitudes
    )
    limits = {f"pck{threshold:g}": threshold for threshold in thresholds}
    for alpha in alphas:
        limits[f"pck_alpha_{alpha:g}"] = pck.alpha_threshold(alpha, extent)
    record = {"num_valid": errors.size, "epe_sum": float(np.sum(errors))}
    for name, limit in limits.items():
        record[numerator(name)[0]] = _count_correct(errors, limit)
    record["num_outliers"] = outlier_rate.count_outliers(errors, magnitudes)
    names = ["aepe", *limits, "fl"]
    return record | {name: mean_of_pixels(record, name) for name in names}


def mean_of_pixels(record, name):
    """Returns a mean over the pixels that a record counts.

    Args:
        record: dict with the counts and sums of a record.
        name: "aepe", "fl", or one that starts with "pck".

    Returns:
        Mean in px or percent; None if the record counts no pixel.

    Raises:
        ValueError: if there is no such mean.
    """
    key, scale = numerator(name)
    if not record["num_valid"]:
        return None
    return scale * record[key] / record["num_valid"]


def numerator(name):
    """Returns what a mean over pixels is made of.

    Args:
        name: "aepe", "fl", or one that starts with "pck".

    Returns:
        `(key, scale)`: the mean is `scale * record[key]` over the number of
        pixels.

    Raises:
        ValueError: if there is no such mean.
    """
    if name == "aepe":
        return "epe_sum", 1.0
    if name == "fl":
        return "num_outliers", 100.0
    if name.startswith("pck"):
        limit = name.removeprefix("pck").removeprefix("_")
        return f"num_correct_{limit}", 100.0
    raise ValueError(
        "`name` must be 'aepe', 'fl' or start with 'pck'. "
        f"Received: name={name!r}"
    )


def _count_correct(errors, limit):
    if limit < 0:
        raise ValueError(
            f"`thresholds` must be >= 0. Received: threshold={limit}"
        )
    return int(np.count_nonzero(errors <= limit))
