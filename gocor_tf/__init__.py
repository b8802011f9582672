"""Dense correspondence between two photographs: GLU-Net and GOCor in Keras."""

from gocor_tf import data, layers, losses, metrics, models, ops, serving
from gocor_tf.match import Match
from gocor_tf.matcher import Matcher
from gocor_tf.models import load_model, presets

__all__ = [
    "Match",
    "Matcher",
    "data",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "models",
    "ops",
    "presets",
    "serving",
]
