"""What presets answer in Python, and how exactly others can answer the same.

Only rounding may lie between a network and its export: 1e-4 px, or where a
network amplifies rounding, a few times the distance to itself in float64, of
its operations one by one and of its graph, which rounds otherwise. Untrained
networks amplify it (GOCor's at the coarsest levels of PWC-Net do), and so does
a score of GOCor that is nearly zero: the slope of its activation jumps there.
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
    return _to_arrays(_answer(model, pair))


def graph_answer(model, pair):
    """Returns the same of a graph of unknown sizes, as exports have it."""
    pair = {k: tf.cast(v, model.compute_dtype) for k, v in pair.items()}
    image = tf.TensorSpec((None, None, None, 3), model.compute_dtype)
    compiled = tf.function(
        lambda pair: _answer(model, pair), [dict.fromkeys(pair, image)]
    )
    return _to_arrays(compiled(pair))


def _answer(model, pair):
    outputs = model(pair)
    if "confidence" not in outputs:
        back = model({"reference": pair["query"], "query": pair["reference"]})
        outputs["confidence"] = consistency.forward_backward_confidence(
            outputs["flow"], back["flow"]
        )
    return {key: outputs[key] for key in ("flow", "confidence")}


def _to_arrays(outputs):
    return {key: value.numpy() for key, value in outputs.items()}


def largest_differences(first, second):
    """Returns those of each of the arrays of `first`."""
    return {key: np.abs(first[key] - second[key]).max() for key in first}


def tolerances(preset, model, pair):
    """Returns how far `flow` and `confidence` may be from `answer`'s."""
    exact = load(preset, dtype="float64")
    exact.set_weights(model.get_weights())
    expected = answer(exact, pair)
    rounding = [
        largest_differences(found(model, pair), expected)
        for found in (answer, graph_answer)
    ]
    return {
        key: max(
            TOLERANCE, *(_ROUNDING_FACTOR * each[key] for each in rounding)
        )
        for key in expected
    }
