"""Evaluation metrics."""

from gocor_tf.metrics.endpoint_error import (
    average_endpoint_error,
    endpoint_errors,
)
from gocor_tf.metrics.pck import percentage_correct

__all__ = [
    "average_endpoint_error",
    "endpoint_errors",
    "percentage_correct",
]
