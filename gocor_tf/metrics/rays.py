"""Pixels as rays of a calibrated camera."""

import cv2
import numpy as np


def to_rays(points, camera):
    """Returns where points lie on the image plane at focal length 1.

    Args:
        points: `(number, 2)` xy in px.
        camera: `(3, 3)` camera matrix.

    Returns:
        `(number, 2)` float64, without unit.
    """
    points = np.asarray(points, np.float64).reshape(-1, 1, 2)
    if not len(points):
        return np.zeros((0, 2))
    return cv2.undistortPoints(points, camera, None).reshape(-1, 2)
