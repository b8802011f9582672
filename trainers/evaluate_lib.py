"""Scores a matcher on real pairs with ground truth."""

import json
import os
import time

import cv2
import numpy as np

from gocor_tf import progress
from gocor_tf.data import atomic, flow_io, ground_truth, photographs
from gocor_tf.metrics import endpoint_error, pck, relative_pose

from .estimate import Estimate

PCK_THRESHOLDS = (1, 3, 5, 10)
AUC_THRESHOLDS = (5, 10, 20)
FLOW_METRICS = ("aepe", "median", *(f"pck{t}" for t in PCK_THRESHOLDS))
POSE_METRICS = ("rotation_error", "translation_error")


def to_method(matcher):
    """Returns a function of (reference, query) that gives an `Estimate`."""

    def estimate(reference, query):
        match = matcher(reference, query)
        return Estimate(
            match.flow, lambda: match.keypoints(max_number=None)[:2]
        )

    return estimate


def evaluate(method, pairs, label, flow_dir=None):
    """Scores a method on every pair.

    The first pair is matched once more beforehand, so that no `seconds` holds
    the time of compiling the network.

    Args:
        method: function of two uint8 RGB images, reference first, that
            returns an `Estimate`.
        pairs: list of `EvaluationPair`.
        label: of the progress line.
        flow_dir: folder for one `<name>.flo` a pair, or None.

    Returns:
        `{"pairs": list of dicts, "groups": dict of dicts}`.

    Raises:
        ValueError: naming the pair, if it cannot be matched or scored.
    """
    _evaluate_pair(method, pairs[0], None)
    results = [
        _evaluate_pair(method, pair, flow_dir)
        for pair in progress.track(pairs, label)
    ]
    return {"pairs": results, "groups": _average(results)}


def _evaluate_pair(method, pair, flow_dir):
    try:
        reference = photographs.read_image(pair.reference)
        query = photographs.read_image(pair.query)
        start = time.perf_counter()
        estimate = method(reference, query)
        seconds = time.perf_counter() - start
    except (ValueError, cv2.error) as error:
        reason = getattr(error, "err", error)
        raise ValueError(f"Pair '{pair.name}': {reason}") from error
    if flow_dir is not None:
        path = os.path.join(flow_dir, f"{pair.name}.flo")
        flow_io.write_flo(path, estimate.flow)
    result = {"name": pair.name, "group": pair.group}
    result.update(dict.fromkeys(FLOW_METRICS))
    if pair.gt_type == "relative_pose":
        result.update(_score_pose(pair, estimate))
    elif pair.gt_type != "none":
        truth = ground_truth.read_flow(
            pair, reference.shape[:2], query.shape[:2]
        )
        result.update(score_flow(estimate.flow, *truth))
    return {**result, "seconds": seconds}


def score_flow(flow, points, truth):
    """Compares a flow with the ground truth.

    Args:
        flow: `(height, width, 2)`, in px.
        points: `(number, 2)` xy to score at, or None for every pixel.
        truth: `(number, 2)` or `(height, width, 2)`; NaN where it is unknown.

    Returns:
        Dict of `FLOW_METRICS`, in px and %; None if nothing is known.
    """
    if points is not None:
        flow = _sample(flow, points)
    known = np.isfinite(truth).all(-1)
    errors = endpoint_error.endpoint_errors(flow, truth, known)
    if not errors.size:
        return dict.fromkeys(FLOW_METRICS)
    scores = {
        "aepe": float(np.mean(errors)),
        "median": float(np.median(errors)),
    }
    for threshold in PCK_THRESHOLDS:
        scores[f"pck{threshold}"] = pck.percentage_correct(errors, threshold)
    return scores


def _sample(flow, points):
    """Returns the flow at points, bilinear; points outside count as border."""
    limits = np.array(flow.shape[1::-1]) - 1
    points = np.clip(points, 0, limits)
    below = np.floor(points).astype(int)
    above = np.minimum(below + 1, limits)
    right, down = np.split(points - below, 2, axis=-1)
    upper, lower = (
        (1 - right) * flow[y, below[:, 0]] + right * flow[y, above[:, 0]]
        for y in (below[:, 1], above[:, 1])
    )
    return (1 - down) * upper + down * lower


def _score_pose(pair, estimate):
    *cameras, motion = ground_truth.read_pose(pair)
    points = estimate.find_keypoints()
    pose = relative_pose.estimate_pose(*points, *cameras)
    errors = relative_pose.pose_errors(pose, motion)
    return {
        **dict(zip(POSE_METRICS, errors, strict=True)),
        "num_matches": len(points[0]),
    }


def _average(results):
    """Returns the means of each group, over the pairs that have the metric."""
    groups = {}
    for result in results:
        groups.setdefault(result["group"], []).append(result)
    return {group: _mean(members) for group, members in groups.items()}


def _mean(members):
    names = [*FLOW_METRICS, *POSE_METRICS, "seconds"]
    values = {
        name: [m[name] for m in members if m.get(name) is not None]
        for name in names
    }
    means = {
        name: float(np.mean(values[name])) if values[name] else None
        for name in names
        if values[name] or name in FLOW_METRICS
    }
    if values["rotation_error"]:
        worst = [
            max(m[name] for name in POSE_METRICS)
            for m in members
            if "rotation_error" in m
        ]
        for threshold in AUC_THRESHOLDS:
            means[f"auc{threshold}"] = relative_pose.pose_auc(worst, threshold)
    return {"num_pairs": len(members), **means}


def write_json(path, report):
    """Writes a report; numbers that are not finite become null.

    Args:
        path: name of the file.
        report: nested dicts and lists.
    """
    text = json.dumps(_to_json(report), indent=1, allow_nan=False)
    atomic.write_bytes(path, f"{text}\n".encode())


def _to_json(value):
    if isinstance(value, dict):
        return {key: _to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_json(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
