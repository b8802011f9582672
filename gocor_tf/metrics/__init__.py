"""Evaluation metrics.

`outlier_rate` here is the module; its function is
`outlier_rate.outlier_rate`. `pixel_values` and `rays` serve the others.
"""

from gocor_tf.metrics.averages import (
    MeanOverGroups,
    MeanOverImages,
    MeanOverPixels,
)
from gocor_tf.metrics.calibration import Calibration, calibration_record
from gocor_tf.metrics.cyclic_consistency import cyclic_consistency_error
from gocor_tf.metrics.endpoint_error import (
    average_endpoint_error,
    endpoint_errors,
)
from gocor_tf.metrics.epipolar_geometry import (
    epipolar_errors,
    epipolar_precision,
)
from gocor_tf.metrics.flow_scores import flow_record
from gocor_tf.metrics.label_transfer import score_label_transfer
from gocor_tf.metrics.outlier_rate import count_outliers
from gocor_tf.metrics.pck import percentage_correct, percentage_correct_alpha
from gocor_tf.metrics.relative_pose import (
    accuracy,
    estimate_pose,
    mean_average_precision,
    pose_auc,
    pose_errors,
)
from gocor_tf.metrics.sparsification import (
    sparsification_record,
    sparsify,
    uncertainty_from_probability,
)

__all__ = [
    "Calibration",
    "MeanOverGroups",
    "MeanOverImages",
    "MeanOverPixels",
    "accuracy",
    "average_endpoint_error",
    "calibration_record",
    "count_outliers",
    "cyclic_consistency_error",
    "endpoint_errors",
    "epipolar_errors",
    "epipolar_precision",
    "estimate_pose",
    "flow_record",
    "mean_average_precision",
    "percentage_correct",
    "percentage_correct_alpha",
    "pose_auc",
    "pose_errors",
    "score_label_transfer",
    "sparsification_record",
    "sparsify",
    "uncertainty_from_probability",
]
