"""A client for exported networks that TensorFlow Serving answers for."""

from gocor_tf.serving.client import Client
from gocor_tf.serving.errors import ServingError

__all__ = ["Client", "ServingError"]
