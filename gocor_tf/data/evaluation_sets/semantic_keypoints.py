"""Samples of semantic pairs that are scored at annotated keypoints.

Convention:
    Both images are padded with zeros at the bottom and the right to a common
    size (spec 6.2). The flow is the difference of the keypoints as annotated,
    and is read at the reference keypoint rounded to a pixel (halves to even)
    and clamped into the image before padding (spec 5.8). As in a dense map, a
    pixel has one flow: that of the last of its keypoints.
"""

import numpy as np

from gocor_tf.data.evaluation_sets.padding import pad_to_common_size
from gocor_tf.data.evaluation_sets.samples import make_sample


def make_keypoint_sample(name, group, images, keypoints, extent, attributes):
    """Returns the sample of a pair.

    Args:
        name: unique text.
        group: text.
        images: reference and query, `(height, width, 3)` uint8 RGB.
        keypoints: of the reference and of the query, `(number, 2)` float64 xy
            each, in pixels of the images.
        extent: length in pixels that PCK-alpha is relative to.
        attributes: dict of further facts.

    Returns:
        The dict of `make_sample`.

    Raises:
        ValueError: if the keypoints do not correspond one to one, one is no
            finite number, or there are none.
    """
    reference_points, query_points = keypoints
    if reference_points.shape != query_points.shape:
        raise ValueError(
            "Both images must have the same number of keypoints. "
            f"Received: {len(reference_points)} of the reference, "
            f"{len(query_points)} of the query"
        )
    if not np.isfinite([reference_points, query_points]).all():
        raise ValueError("The keypoints must be finite numbers.")
    points = round_to_pixels(reference_points, images[0].shape[:2])
    kept = _find_last(points)
    reference, query = pad_to_common_size(*images)
    return make_sample(
        name,
        group,
        reference,
        query,
        points=points[kept],
        flow=(query_points - reference_points)[kept],
        extent=extent,
        attributes=attributes,
    )


def round_to_pixels(points, size):
    """Rounds points to the nearest pixel of an image.

    Args:
        points: `(number, 2)` xy in pixels.
        size: height and width of the image.

    Returns:
        `(number, 2)` float64 xy, whole numbers inside the image.
    """
    return np.clip(np.rint(points), 0, np.array(size[::-1]) - 1.0)


def _find_last(points):
    """Returns, for each distinct point, the place where it occurs last."""
    if not len(points):
        return slice(None)
    _, places = np.unique(points[::-1], axis=0, return_index=True)
    return np.sort(len(points) - 1 - places)
