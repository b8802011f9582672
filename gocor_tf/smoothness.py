"""Doubt about a flow where it is not smooth.

Errors gather where the motion changes: at the borders of things, what one hides
of another has no match. A network that has learned no occlusion by depth calls
such pixels sure. The flow itself tells where they are, as features of learned
confidences do (Mac Aodha et al., "Learning a Confidence Measure for Optical
Flow", TPAMI 2013): there it is no plane, not even in a small window.
"""

import cv2
import numpy as np

from gocor_tf.bands import bands

# Half the side of the window that a plane is fitted to, in px.
_RADIUS = 8
# Departure from the plane that halves a confidence, in px of the query.
_HALVING = 128.0
_STEPS = np.arange(-_RADIUS, _RADIUS + 1, dtype=np.float64)
_MEAN = np.full(len(_STEPS), 1 / len(_STEPS))
_SLOPE = _STEPS / np.sum(_STEPS**2)


def departure(flow):
    """Returns how far a flow departs from a plane around each pixel.

    Args:
        flow: `(height, width, 2)`, in px.

    Returns:
        `(height, width)` float32: the root of the mean squared distance, in
        px, between the flow in a window of 17 x 17 pixels and the plane that
        fits it best. Beyond the borders the flow goes on as a plane does.
    """
    size = flow.shape[:2]
    return np.concatenate([_depart(flow, rows) for rows in bands(size)])


def lower(confidence, flow):
    """Lowers confidences where a flow departs from a plane.

    Args:
        confidence: `(height, width)`, changed in place: divided by
            `1 + sqrt(departure / 128)`.
        flow: `(height, width, 2)`, in px of the query.
    """
    confidence /= 1 + np.sqrt(departure(flow) / _HALVING)


def _depart(flow, rows):
    """Returns the departure in a slice of rows."""
    start, stop = max(0, rows.start - _RADIUS), rows.stop + _RADIUS
    above = rows.start - start
    below = min(stop, len(flow)) - rows.stop
    margins = (_RADIUS - above, _RADIUS - below), (_RADIUS, _RADIUS)
    squares = 0.0
    for component in np.moveaxis(flow[start:stop], -1, 0):
        # Differences of squares: float32 would not do.
        x = component.astype(np.float64)
        squares += _squares(np.pad(x, margins, "reflect", reflect_type="odd"))
    return np.sqrt(squares).astype(np.float32)


def _squares(x):
    """Returns the mean squared distances from planes, without the margins."""
    variance = _filter(x**2, _MEAN, _MEAN) - _filter(x, _MEAN, _MEAN) ** 2
    slopes = _filter(x, _SLOPE, _MEAN) ** 2 + _filter(x, _MEAN, _SLOPE) ** 2
    return np.maximum(variance - slopes * np.mean(_STEPS**2), 0)


def _filter(x, row, column):
    """Filters an image with margins; returns it without them."""
    filtered = cv2.sepFilter2D(x, -1, row, column)
    return filtered[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
