"""Dense correspondence between two photographs: GLU-Net and GOCor in Keras.

Layers and networks are there at once, as Keras needs them to read what it
saved. The rest, with OpenCV, is imported when it is first asked for.
"""

import importlib

from gocor_tf import layers, losses, models, ops
from gocor_tf.models import load_model, presets

# Name -> module that has it, or that it is.
_LATER = {
    "Match": "gocor_tf.match",
    "Matcher": "gocor_tf.matcher",
    "data": "gocor_tf.data",
    "metrics": "gocor_tf.metrics",
    "serving": "gocor_tf.serving",
}

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


def __getattr__(name):
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(_LATER[name])
    return getattr(module, name, module)


def __dir__():
    return sorted({*globals(), *_LATER})
