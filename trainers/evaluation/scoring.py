"""One pair's scores: a record, a flat dict that JSON can hold.

| key | of pairs with | unit |
|---|---|---|
| `aepe`, `median` | a flow | px |
| `pckT`, `pck_alpha_A`, `fl` | a flow | % |
| `ause_epe`, `ause_pck1`, `ause_pck5` | a flow, if there is a confidence | |
| `coverage`: pixels surer than 0.5 | the same | % |
| `precision`: of these, right to 5 px | the same, if there are any | % |
| `rotation_error`, `translation_error` | a pose | degrees |
| `epipolar_precision`, `num_matches` | a pose | %, number |
| `iou`, `label_transfer_accuracy` | masks | % |
| `seconds` | | s |

What is not defined is None. Under `sums` are counts and sums over pixels, and
curves, of which the scores and pictures of a whole data set are made.
"""

import numpy as np

from gocor_tf.metrics import (
    calibration,
    endpoint_error,
    epipolar_geometry,
    flow_scores,
    label_transfer,
    relative_pose,
    sparsification,
)

from .estimate import published_matches

POSE_METRICS = ("rotation_error", "translation_error", "epipolar_precision")
MASK_METRICS = ("iou", "label_transfer_accuracy")
AUSE_METRICS = ("ause_epe", "ause_pck1", "ause_pck5")
CONFIDENCE_METRICS = (*AUSE_METRICS, "coverage", "precision")
# Of the picture of PCK against its threshold, in px: from 0.25 to 128.
CURVE_THRESHOLDS = tuple(float(2**k) for k in np.arange(-2, 7.5, 0.5))
# Of the picture of errors against true displacements: edges of bins, in px.
DISPLACEMENTS = (0, 1, 3, 10, 30, 100, 300, np.inf)
# A confidence is read as the probability of an error up to this, in px.
RADIUS = 5.0
# What is surer counts as a match, in `coverage` and `precision`.
_SURE = 0.5
NUM_BINS = 20


def score(sample, estimate, protocol):
    """Scores an answer.

    Args:
        sample: dict of `gocor_tf.data.evaluation_sets.samples`.
        estimate: `Estimate`.
        protocol: `Protocol`.

    Returns:
        A record without `seconds`.

    Raises:
        ValueError: if the answer has another size than the reference or
            holds what is no number.
    """
    record = {"name": sample["name"], "group": sample["group"]}
    record |= dict.fromkeys(protocol.metrics)
    record |= {"attributes": sample["attributes"], "sums": {}}
    flow = np.asarray(estimate.flow)
    _check_flow(flow, sample["reference"].shape[:2])
    if sample["flow"] is not None:
        record |= score_flow(sample, flow, estimate.confidence, protocol)
    if sample["pose"] is not None:
        record |= score_pose(sample, estimate, protocol)
    if sample["masks"] is not None:
        record |= label_transfer.score_label_transfer(*sample["masks"], flow)
    return record


def _check_flow(flow, size):
    if flow.shape != (*size, 2):
        raise ValueError(
            f"`flow` must have shape {(*size, 2)}. "
            f"Received: flow.shape={flow.shape}"
        )
    num_bad = np.count_nonzero(~np.isfinite(flow).all(-1))
    if num_bad:
        raise ValueError(
            "`flow` must be finite numbers. "
            f"Received: {num_bad} of {flow[..., 0].size} vectors that are not"
        )


def score_flow(sample, flow, confidence, protocol):
    """Scores a flow where the truth is known.

    Args:
        sample: as in `score`.
        flow: `(height, width, 2)`, in px.
        confidence: `(height, width)` in [0, 1], or None.
        protocol: `Protocol`.

    Returns:
        Part of a record.
    """
    points, truth = sample["points"], np.asarray(sample["flow"], np.float64)
    if points is not None:
        flow = sample_at(flow, points)
        if confidence is not None:
            confidence = sample_at(confidence[..., None], points)[..., 0]
    known = np.isfinite(truth).all(-1)
    errors = endpoint_error.endpoint_errors(flow, truth, known)
    magnitudes = np.linalg.norm(truth[known], axis=-1)
    extent = sample["extent"]
    scores = flow_scores.flow_record(
        errors,
        magnitudes,
        protocol.thresholds,
        extent,
        protocol.alphas if extent else (),
    )
    names = [name for name in protocol.metrics if name in scores]
    means = {name: scores.pop(name) for name in names}
    sums = scores | _sum_curves(errors, magnitudes)
    if errors.size:
        means["median"] = float(np.median(errors))
    if confidence is not None:
        certain = np.asarray(confidence, np.float64)[known]
        added = _score_confidence(errors, certain)
        means |= {name: added.pop(name) for name in CONFIDENCE_METRICS}
        sums |= added
    return {**means, "sums": sums}


def _sum_curves(errors, magnitudes):
    ordered = np.sort(errors)
    bins = np.digitize(magnitudes, DISPLACEMENTS) - 1
    number = len(DISPLACEMENTS) - 1
    return {
        "curve": np.searchsorted(ordered, CURVE_THRESHOLDS, "right").tolist(),
        "displacement_counts": np.bincount(bins, minlength=number).tolist(),
        "displacement_errors": np.bincount(bins, errors, number).tolist(),
    }


def _score_confidence(errors, confidence):
    uncertainty = sparsification.uncertainty_from_probability(confidence)
    record = sparsification.sparsification_record(errors, uncertainty)
    kept = ("sparsification_epe", "oracle_epe", *AUSE_METRICS)
    sure = confidence > _SURE
    return {
        **{name: record[name] for name in kept},
        "coverage": _percentage(sure),
        "precision": _percentage(errors[sure] <= RADIUS),
        "calibration": calibration.calibration_record(
            confidence, errors, RADIUS, NUM_BINS
        ),
    }


def _percentage(values):
    return 100.0 * float(np.mean(values)) if values.size else None


def score_pose(sample, estimate, protocol):
    """Scores the pose that an answer's matches give.

    Args:
        sample: as in `score`.
        estimate: `Estimate`.
        protocol: `Protocol`.

    Returns:
        Part of a record.
    """
    *cameras, motion = sample["pose"]
    # What only the baselines lack, a confidence, tells which pixels to read.
    reads = protocol.reads_matches and estimate.confidence is not None
    if reads or estimate.find_keypoints is None:
        points = published_matches(estimate, sample["query"].shape[:2])
    else:
        points = estimate.find_keypoints()
    found = relative_pose.estimate_pose(*points, *cameras, protocol.estimator)
    rotation_error, translation_error = relative_pose.pose_errors(found, motion)
    errors = epipolar_geometry.epipolar_errors(*points, *cameras, motion)
    return {
        "rotation_error": rotation_error,
        "translation_error": translation_error,
        "epipolar_precision": epipolar_geometry.epipolar_precision(errors),
        "num_matches": len(points[0]),
    }


def sample_at(values, points):
    """Returns an image at points, bilinear; outside, that of the border.

    Args:
        values: `(height, width, channels)`.
        points: `(number, 2)` xy, in px.

    Returns:
        `(number, channels)`.
    """
    limits = np.array(values.shape[1::-1]) - 1
    points = np.clip(points, 0, limits)
    below = np.floor(points).astype(int)
    above = np.minimum(below + 1, limits)
    right, down = np.split(points - below, 2, axis=-1)
    upper, lower = (
        (1 - right) * values[y, below[:, 0]] + right * values[y, above[:, 0]]
        for y in (below[:, 1], above[:, 1])
    )
    return (1 - down) * upper + down * lower
