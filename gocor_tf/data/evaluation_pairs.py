"""Real pairs with ground truth, listed in a `pairs.json`.

The file holds a list of `{"name", "group", "reference", "query", "gt_type",
"gt_path"[, "gt_direction", "points_path"]}` with paths relative to its folder.

Ground truth (`gocor_tf.data.ground_truth` reads it):

* `homography`: 3 x 3 text that maps query to reference pixels;
* `flow_kitti_png`: 16-bit PNG flow on the reference grid;
* `keypoints_csv`: `xq,yq,xr,yr`, a query point and its reference point;
* `relative_pose`: JSON, pair name -> `K_query`, `K_reference` and
  `T_query_to_reference`;
* `none`: nothing.
"""

import dataclasses
import json
import os

GT_TYPES = (
    "homography",
    "flow_kitti_png",
    "keypoints_csv",
    "relative_pose",
    "none",
)
_FIELDS = ("name", "group", "reference", "query", "gt_type")


@dataclasses.dataclass(frozen=True)
class EvaluationPair:
    """One entry of a `pairs.json`, its paths joined with the folder.

    Attributes:
        name: unique, usable as a file name.
        group: pairs whose results are averaged.
        reference: path of the reference image.
        query: path of the query image.
        gt_type: one of `GT_TYPES`.
        gt_path: path of the ground truth; None for "none".
        points_path: path of the points to score at, or None.
    """

    name: str
    group: str
    reference: str
    query: str
    gt_type: str
    gt_path: str | None
    points_path: str | None


def read_pairs(path):
    """Reads a `pairs.json` and checks it, so that a long run cannot fail late.

    Args:
        path: name of the file.

    Returns:
        List of `EvaluationPair`.

    Raises:
        ValueError: if the file is no such list, or, naming the pair, if a
            field is missing, a type unknown or a file not there.
    """
    try:
        with open(path, encoding="utf-8") as file:
            entries = json.load(file)
    except OSError as error:
        raise ValueError(
            f"Cannot read pairs '{path}': {error.strerror}."
        ) from error
    except ValueError as error:
        raise ValueError(
            f"Cannot read pairs '{path}': it is not JSON ({error})."
        ) from error
    if not isinstance(entries, list) or not entries:
        raise ValueError(
            f"Cannot read pairs '{path}': it must be a list of at least one "
            "pair."
        )
    folder = os.path.dirname(os.path.abspath(path))
    pairs = [
        _to_pair(entry, number, folder) for number, entry in enumerate(entries)
    ]
    names = set()
    for pair in pairs:
        if pair.name in names:
            raise ValueError(f"Pair '{pair.name}' is listed twice in '{path}'.")
        names.add(pair.name)
    return pairs


def _to_pair(entry, number, folder):
    if not isinstance(entry, dict):
        raise ValueError(
            f"Pair number {number} must be a JSON object. Received: {entry!r}"
        )
    name = entry.get("name", f"number {number}")
    for field in _FIELDS:
        if not isinstance(entry.get(field), str) or not entry[field]:
            raise ValueError(
                f"Pair '{name}' must have the text `{field}`. "
                f"Received: {field}={entry.get(field)!r}"
            )
    if name in (".", "..") or not {"/", "\\", "\0"}.isdisjoint(name):
        raise ValueError(f"Pair '{name}' must have a name without slashes.")
    if entry["gt_type"] not in GT_TYPES:
        raise ValueError(
            f"Pair '{name}': `gt_type` must be one of {GT_TYPES}. "
            f"Received: gt_type={entry['gt_type']!r}"
        )
    direction = entry.get("gt_direction", "query_to_reference")
    if direction != "query_to_reference":
        raise ValueError(
            f"Pair '{name}': `gt_direction` must be 'query_to_reference'. "
            f"Received: gt_direction={direction!r}"
        )
    has_truth = entry["gt_type"] != "none"
    has_points = bool(entry.get("points_path"))
    return EvaluationPair(
        name=name,
        group=entry["group"],
        reference=_to_path(folder, entry, "reference"),
        query=_to_path(folder, entry, "query"),
        gt_type=entry["gt_type"],
        gt_path=_to_path(folder, entry, "gt_path") if has_truth else None,
        points_path=(
            _to_path(folder, entry, "points_path") if has_points else None
        ),
    )


def _to_path(folder, entry, field):
    path = os.path.join(folder, str(entry.get(field) or ""))
    if not os.path.isfile(path):
        raise ValueError(
            f"Pair '{entry['name']}': `{field}` must name a file. "
            f"Received: {field}={entry.get(field)!r}"
        )
    return path
