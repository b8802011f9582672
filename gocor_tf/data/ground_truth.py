"""Ground truth of evaluation pairs: flows, points and poses."""

import json

import numpy as np

from gocor_tf.data import flow_io

_POINT_COLUMNS = "xq,yq,xr,yr"


def read_flow(pair, reference_size, query_size):
    """Reads the ground truth of a pair as flow vectors.

    Args:
        pair: an `EvaluationPair` with ground truth other than a pose.
        reference_size: `(height, width)` of its reference.
        query_size: `(height, width)` of its query.

    Returns:
        `(points, flow)`: either points `(number, 2)`, xy in reference px, and
        the flow there; or None and a dense `(height, width, 2)` flow, NaN
        where it is unknown or, for a homography, ends outside the query.

    Raises:
        ValueError: naming the pair, if a file is not what it should be.
    """
    if pair.points_path is not None:
        return _read_points(pair, pair.points_path)
    if pair.gt_type == "keypoints_csv":
        return _read_points(pair, pair.gt_path)
    if pair.gt_type == "homography":
        return None, _read_homography(pair, reference_size, query_size)
    return None, _read_dense_flow(pair, reference_size)


def read_pose(pair):
    """Reads the ground truth of a pair of calibrated cameras.

    Args:
        pair: an `EvaluationPair` of `gt_type` "relative_pose".

    Returns:
        Camera matrices `(3, 3)` of reference and query, and the `(4, 4)`
        motion that takes query to reference coordinates, all float64.

    Raises:
        ValueError: naming the pair, if the file does not hold them.
    """
    try:
        with open(pair.gt_path, encoding="utf-8") as file:
            pose = json.load(file)[pair.name]
        matrices = tuple(
            np.array(pose[key], np.float64).reshape(shape)
            for key, shape in (
                ("K_reference", (3, 3)),
                ("K_query", (3, 3)),
                ("T_query_to_reference", (4, 4)),
            )
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"Pair '{pair.name}': '{pair.gt_path}' must hold K_reference, "
            f"K_query and T_query_to_reference of this pair ({error!r})."
        ) from error
    return _check_finite(pair, matrices)


def _read_homography(pair, reference_size, query_size):
    """Returns the flow of `H^-1`, NaN where it ends outside the query."""
    lines = _read_lines(pair.gt_path)
    matrix = _to_numbers(pair, pair.gt_path, lines, (3, 3))
    try:
        inverse = np.linalg.inv(matrix)
    except np.linalg.LinAlgError as error:
        raise ValueError(
            f"Pair '{pair.name}': the homography in '{pair.gt_path}' must "
            "have an inverse."
        ) from error
    y, x = np.mgrid[: reference_size[0], : reference_size[1]]
    mapped = np.stack([x, y, np.ones_like(x)], axis=-1) @ inverse.T
    with np.errstate(divide="ignore", invalid="ignore"):
        position = mapped[..., :2] / mapped[..., 2:]
    limits = np.array(query_size[::-1]) - 1
    inside = ((position >= 0) & (position <= limits)).all(-1)
    flow = position - np.stack([x, y], axis=-1)
    return np.where(inside[..., None], flow, np.nan)


def _read_dense_flow(pair, reference_size):
    try:
        flow, valid = flow_io.read_kitti_flow(pair.gt_path)
    except ValueError as error:
        raise ValueError(f"Pair '{pair.name}': {error}") from error
    if flow.shape[:2] != tuple(reference_size):
        raise ValueError(
            f"Pair '{pair.name}': the flow in '{pair.gt_path}' must have the "
            f"reference's size {tuple(reference_size)}. "
            f"Received: size={flow.shape[:2]}"
        )
    known = np.reshape(valid, flow.shape[:2]) > 0
    return np.where(known[..., None], flow, np.nan)


def _read_points(pair, path):
    header, *rows = _read_lines(path) or [""]
    if header.strip() != _POINT_COLUMNS:
        raise ValueError(
            f"Pair '{pair.name}': the first line of '{path}' must be "
            f"'{_POINT_COLUMNS}'. Received: {header[:40]!r}"
        )
    table = _to_numbers(pair, path, rows, (len(rows), 4), ",")
    query_points, reference_points = table[:, :2], table[:, 2:]
    return reference_points, query_points - reference_points


def _read_lines(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return [line for line in file.read().splitlines() if line.strip()]


def _to_numbers(pair, path, lines, shape, delimiter=None):
    try:
        if not lines:
            raise ValueError("there are none")
        numbers = np.loadtxt(lines, np.float64, ndmin=2, delimiter=delimiter)
        numbers = numbers.reshape(shape)
    except ValueError as error:
        raise ValueError(
            f"Pair '{pair.name}': '{path}' must hold numbers of shape "
            f"{shape} ({error})."
        ) from error
    return _check_finite(pair, (numbers,))[0]


def _check_finite(pair, arrays):
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError(
            f"Pair '{pair.name}': ground truth must be finite numbers."
        )
    return arrays
