"""What every evaluation set yields for a pair: one dict.

* `name`: unique within the set, usable as a file name;
* `group`: pairs whose results are averaged, such as a scene;
* `reference`, `query`: `(height, width, 3)` uint8 RGB, sizes may differ;
* `points`: `(number, 2)` xy in reference pixels where the flow is known, or
  None if `flow` is dense;
* `flow`: `(number, 2)` at the points, or `(height, width, 2)` with NaN where
  it is unknown, in pixels, float64; None if the truth is no flow;
* `occluded`: `(height, width)` bool, true where the match is hidden; or None;
* `extent`: length in pixels that PCK-alpha is relative to; or None;
* `pose`: camera matrices `(3, 3)` of reference and query, and the `(4, 4)`
  motion from query to reference coordinates, float64; or None;
* `masks`: `(height, width)` bool objects of reference and query; or None;
* `attributes`: dict of further facts, such as the class of the object.
"""

import numpy as np

_OPTIONAL = ("points", "flow", "occluded", "extent", "pose", "masks")


def make_sample(name, group, reference, query, attributes=None, **truth):
    """Returns the dict of one pair, checked.

    Args:
        name: any text; slashes become hyphens.
        group: text.
        reference: `(height, width, 3)` uint8 RGB.
        query: likewise, of any size.
        attributes: dict of further facts, or None.
        **truth: `points`, `flow`, `occluded`, `extent`, `pose`, `masks`; the
            others are None.

    Raises:
        ValueError: if the truth has another size than the reference, or a
            point is no number or lies outside.
        TypeError: if there is no such field.
    """
    unknown = sorted(set(truth) - set(_OPTIONAL))
    if unknown:
        raise TypeError(f"`truth` must be of {_OPTIONAL}. Received: {unknown}")
    sample = {
        "name": name.replace("/", "-").replace("\\", "-"),
        "group": group,
        "reference": reference,
        "query": query,
        **dict.fromkeys(_OPTIONAL),
        **truth,
        "attributes": attributes or {},
    }
    size = reference.shape[:2]
    if sample["points"] is not None:
        _check_points(sample, size)
    elif sample["flow"] is not None:
        _check_size("flow", np.shape(sample["flow"])[:2], size)
    if sample["occluded"] is not None:
        _check_size("occluded", sample["occluded"].shape, size)
    if sample["masks"] is not None:
        _check_size("masks", sample["masks"][0].shape, size)
        _check_size("masks", sample["masks"][1].shape, query.shape[:2])
    if sample["extent"] is not None and not 0 < sample["extent"] < np.inf:
        raise ValueError(
            "`extent` must be a positive number of pixels. "
            f"Received: extent={sample['extent']}"
        )
    return sample


def _check_points(sample, size):
    points, flow = sample["points"], sample["flow"]
    if np.shape(points) != np.shape(flow) or np.shape(points)[1:] != (2,):
        raise ValueError(
            "`points` and `flow` must have one shape (number, 2). "
            f"Received: {np.shape(points)} and {np.shape(flow)}"
        )
    if not len(points):
        raise ValueError("`points` must not be empty: nothing can be scored.")
    if not (np.isfinite(points).all() and np.isfinite(flow).all()):
        raise ValueError("`points` and their matches must be finite numbers.")
    outside = (points < -0.5) | (points > np.array(size[::-1]) - 0.5)
    if outside.any():
        first = points[outside.any(axis=1)][0]
        raise ValueError(
            f"`points` must lie inside the reference of {size[1]} x {size[0]} "
            f"pixels. Received: ({first[0]:g}, {first[1]:g})"
        )


def _check_size(name, received, expected):
    if tuple(received) != tuple(expected):
        raise ValueError(
            f"`{name}` must have the size of its image, {expected[1]} x "
            f"{expected[0]} pixels. Received: {received[1]} x {received[0]}"
        )
