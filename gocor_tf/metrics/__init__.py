"""Evaluation metrics."""

from gocor_tf.metrics.endpoint_error import (
    average_endpoint_error,
    endpoint_errors,
)
from gocor_tf.metrics.pck import percentage_correct
from gocor_tf.metrics.relative_pose import (
    estimate_pose,
    pose_auc,
    pose_errors,
)

__all__ = [
    "average_endpoint_error",
    "endpoint_errors",
    "estimate_pose",
    "percentage_correct",
    "pose_auc",
    "pose_errors",
]
