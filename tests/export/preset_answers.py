"""What presets answer in Python, and how exactly others can answer the same.

Only rounding may lie between a network and its export: 1e-4 px, or where an
untrained network amplifies rounding (GOCor's at the coarsest levels of PWC-Net
do), a few times the distance from the network to itself in float64.
"""

import keras
import numpy as np
import tensorflow as tf

import gocor_tf
from gocor_tf.ops import consistency

TOLERANCE = 1e-4  # px, and of 1 for confidence.
_ROUNDING_FACTOR = 4


def load(preset, **options):
    """Returns a network with the packaged weights, else with random ones."""
    keras.utils.set_random_seed(0)
    embedded = gocor_tf.presets()[preset]["embedded"]
    weights = "preset" if embedded else None
    return gocor_tf.load_model(preset, weights=weights, **options)


def answer(model, pair):
    """Returns `flow` and `confidence` of a batch, in Python."""
    pair = {k: tf.cast(v, model.compute_dtype) for k, v in pair.items()}
    outputs = model(pair)
    if "confidence" not in outputs:
        back = model({"reference": pair["query"], "query": pair["reference"]})
        outputs["confidence"] = consistency.forward_backward_confidence(
            outputs["flow"], back["flow"]
        )
    return {key: outputs[key].numpy() for key in ("flow", "confidence")}


def largest_differences(first, second):
    """Returns those of each of the arrays of `first`."""
    return {key: np.abs(first[key] - second[key]).max() for key in first}


def tolerances(preset, model, pair):
    """Returns how far `flow` and `confidence` may be from `answer`'s."""
    exact = load(preset, dtype="float64")
    exact.set_weights(model.get_weights())
    rounding = largest_differences(answer(model, pair), answer(exact, pair))
    return {
        key: max(TOLERANCE, _ROUNDING_FACTOR * value)
        for key, value in rounding.items()
    }
