"""Sparsification: does an uncertainty tell large errors from small ones?

The most uncertain pixels are removed, 2 % more at each point of a curve, and
the rest is scored. An oracle removes the pixels of largest error instead. The
area between the two curves is the AUSE: 0 if the uncertainty sorts the pixels
as their errors do (spec training.md, 6.4).
"""

import typing

import numpy as np

from gocor_tf.metrics import pixel_values

METRICS = ("epe", "pck1", "pck5")

_THRESHOLDS = {"pck1": 1.0, "pck5": 5.0}
_NUM_POINTS = 50
_EPSILON = 1e-6
# Shares of pixels that are removed: 0, 0.02 ... 1.
SHARES = np.arange(_NUM_POINTS + 1) / _NUM_POINTS


class Sparsification(typing.NamedTuple):
    """Curves of one metric, as fractions of the oracle's maximum.

    Attributes:
        curve: `(51,)`, the metric of what each of `SHARES` leaves over.
        oracle: `(51,)`, the same with the errors as uncertainty.
        area: AUSE, the area between the two.
    """

    curve: np.ndarray
    oracle: np.ndarray
    area: float


def uncertainty_from_probability(probability):
    """Returns `1 / (P_R + 1e-6)`, which grows as the probability falls.

    Args:
        probability: array of P_R, in [0, 1].
    """
    return 1.0 / (np.asarray(probability, np.float64) + _EPSILON)


def sparsify(errors, uncertainties):
    """Computes the curves and the AUSE of one pair.

    Args:
        errors: end-point errors where the truth is known, in px.
        uncertainties: of the same shape; any numbers that grow with the error
            to expect.

    Returns:
        Dict, one `Sparsification` for each of `METRICS`. All of it is NaN if
        there are no errors.

    Raises:
        ValueError: if the shapes differ or a value is not finite.
    """
    errors, uncertainties = pixel_values.to_arrays(
        errors=errors, uncertainties=uncertainties
    )
    if not errors.size:
        nothing = np.full(_NUM_POINTS + 1, np.nan)
        return dict.fromkeys(
            METRICS, Sparsification(nothing, nothing, float("nan"))
        )
    certainties = -uncertainties
    order = np.argsort(certainties)
    curves = _score_rest(errors[order], certainties[order])
    falling = np.sort(errors)[::-1]
    oracles = _score_rest(falling, -falling)
    return {name: _compare(curves[name], oracles[name]) for name in METRICS}


def sparsification_record(errors, uncertainties):
    """Returns the same as a dict that JSON can hold.

    Args:
        errors: end-point errors where the truth is known, in px.
        uncertainties: of the same shape.

    Returns:
        Dict: `ause_epe`, `ause_pck1`, `ause_pck5` floats; lists of 51
        `sparsification_epe`, `oracle_epe` and so on. All of it is None if
        there are no errors.

    Raises:
        ValueError: if the shapes differ or a value is not finite.
    """
    record = {}
    for name, result in sparsify(errors, uncertainties).items():
        is_defined = not np.isnan(result.area)
        record |= {
            f"ause_{name}": result.area if is_defined else None,
            f"sparsification_{name}": result.curve.tolist()
            if is_defined
            else None,
            f"oracle_{name}": result.oracle.tolist() if is_defined else None,
        }
    return record


def _score_rest(errors, certainties):
    """Scores what is left over, of pixels sorted by rising certainty."""
    percentiles = 2.0 * np.arange(_NUM_POINTS)
    thresholds = np.percentile(certainties, percentiles)
    # The first of those equal to a threshold: ties are kept.
    num_removed = np.searchsorted(certainties, thresholds)
    num_kept = errors.size - num_removed
    kept = {"epe": (errors, 0.0)}
    kept |= {name: (errors <= t, 1.0) for name, t in _THRESHOLDS.items()}
    return {
        name: np.append(np.cumsum(scores[::-1])[num_kept - 1] / num_kept, last)
        for name, (scores, last) in kept.items()
    }


def _compare(curve, oracle):
    scale = np.max(oracle) + _EPSILON
    curve, oracle = curve / scale, oracle / scale
    areas = [np.trapezoid(y, SHARES) for y in (curve, oracle)]
    return Sparsification(curve, oracle, float(abs(areas[0] - areas[1])))
