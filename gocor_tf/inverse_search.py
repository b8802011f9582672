"""Fine detail for a flow, by OpenCV's dense inverse search.

Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016. On
its own it fails on wide baselines; begun at a network's flow it finds what
is lost at a quarter of the images' resolution.
"""

import cv2
import numpy as np

# Smaller images have no room for its pyramid of patches, in px.
_MIN_SIDE = 64
# How far it may lead away from the network's flow: px, and standard
# deviations of the network's own error.
_FREE, _DEVIATIONS = 2.0, 2.0


def refine(reference, query, flow, deviation):
    """Refines a flow.

    Args:
        reference: `(height, width, 3)` uint8 RGB.
        query: image of the same size.
        flow: `(height, width, 2)` float32, in px.
        deviation: `(height, width)`, by how much the flow is expected to
            err, in px. Where the search leads further away than that allows,
            the flow stays as it is.

    Returns:
        The refined flow, `(height, width, 2)` float32.
    """
    if min(flow.shape[:2]) < _MIN_SIDE:
        return flow
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    found = search.calc(
        cv2.cvtColor(reference, cv2.COLOR_RGB2GRAY),
        cv2.cvtColor(query, cv2.COLOR_RGB2GRAY),
        flow.copy(),
    )
    distance = np.linalg.norm(found - flow, axis=-1)
    allowed = distance <= _FREE + _DEVIATIONS * deviation
    return np.where(allowed[..., None], found, flow)
