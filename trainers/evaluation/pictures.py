"""Curves of an evaluation as pictures."""

import numpy as np

from gocor_tf.metrics import sparsification

from .. import plots
from . import scoring


def draw_curves(methods):
    """Draws what is known of several methods, each picture with all of them.

    Args:
        methods: dict, name -> `Totals`.

    Returns:
        Dict, name of the picture -> PNG file, bytes.

    Raises:
        UsageError: if matplotlib is not installed.
    """
    curves = {name: totals.curves() for name, totals in methods.items()}
    panels = {
        "pck": _pck(curves),
        "displacement": _displacement(curves),
        "sparsification": _sparsification(curves),
        "calibration": _calibration(curves),
    }
    return {
        name: plots.draw([panel], 1)
        for name, panel in panels.items()
        if panel.lines
    }


def _pck(curves):
    return plots.Panel(
        "PCK over all pixels, %",
        {
            name: (scoring.CURVE_THRESHOLDS, found["pck"])
            for name, found in curves.items()
            if "pck" in found
        },
        "threshold, px",
        log_x=True,
    )


def _displacement(curves):
    edges = np.array(scoring.DISPLACEMENTS)
    # A bin is drawn in its middle; the last one has none.
    middles = np.append((edges[:-2] + edges[1:-1]) / 2, 1.5 * edges[-2])
    return plots.Panel(
        "mean end-point error, px",
        {
            name: (middles, found["displacement"])
            for name, found in curves.items()
            if "displacement" in found
        },
        "true displacement, px",
        log=True,
        log_x=True,
    )


def _sparsification(curves):
    lines = {}
    for name, found in curves.items():
        if "sparsification" in found:
            lines[name] = (sparsification.SHARES, found["sparsification"])
            lines[f"{name}, oracle"] = (sparsification.SHARES, found["oracle"])
    return plots.Panel(
        "end-point error of the rest, share of the first",
        lines,
        "share of the least certain pixels removed",
    )


def _calibration(curves):
    lines = {
        name: (
            found["calibration"]["confidence"],
            found["calibration"]["observed"],
        )
        for name, found in curves.items()
        if "calibration" in found
    }
    if lines:
        lines["as it should be"] = ((0.0, 1.0), (0.0, 1.0))
    return plots.Panel(
        f"share of pixels within {scoring.RADIUS:g} px", lines, "confidence"
    )
