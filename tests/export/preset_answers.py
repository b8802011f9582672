"""What presets answer in Python, and how exactly others can answer the same.

A network has two answers: its operations', one by one, and its graph's, which
rounds otherwise. Where a score of GOCor is nearly zero, rounding chooses the
side of its activation's kink, and the answers differ by more than rounding; an
export is on one side or the other at each pixel. Beside that, only rounding may
lie between them: 1e-4 px, or where an untrained network amplifies it (GOCor's
at the coarsest levels of PWC-Net do), a few times the distance to float64.
"""

import functools

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


def answers(model, pair):
    """Returns both answers to a batch.

    Args:
        model: network of the family.
        pair: dict of `reference` and `query`, arrays.

    Returns:
        Dict of `flow` and `confidence`, `(2, batch, height, width, ...)`.
    """
    image = tf.TensorSpec((None, None, None, 3), model.compute_dtype)
    graph = tf.function(
        functools.partial(_answer, model), [dict.fromkeys(pair, image)]
    )
    pair = _cast(pair, model)
    found = _answer(model, pair), graph(pair)
    return {key: tf.stack([f[key] for f in found]).numpy() for key in found[0]}


def largest_differences(answers, found):
    """Returns how far what was found is from the nearer answer, at most."""
    return {
        key: np.abs(answers[key] - found[key]).min(axis=0).max()
        for key in answers
    }


def tolerances(answers, preset, model, pair):
    """Returns how far from `answers` another `flow` and `confidence` may be."""
    exact = load(preset, dtype="float64")
    exact.set_weights(model.get_weights())
    rounding = largest_differences(answers, _answer(exact, _cast(pair, exact)))
    return {
        key: max(TOLERANCE, _ROUNDING_FACTOR * value)
        for key, value in rounding.items()
    }


def _cast(pair, model):
    return {k: tf.cast(v, model.compute_dtype) for k, v in pair.items()}


def _answer(model, pair):
    outputs = model(pair)
    if "confidence" not in outputs:
        back = model({"reference": pair["query"], "query": pair["reference"]})
        outputs["confidence"] = consistency.forward_backward_confidence(
            outputs["flow"], back["flow"]
        )
    return {key: outputs[key] for key in ("flow", "confidence")}
