"""Loads an exported SavedModel as a server does, and compares its answers.

The SavedModel is loaded by a new Python process in which neither gocor_tf nor
Keras can be imported, and asked by every signature. What it answers must be
what the functions it was made of answer here.

Two optimized graphs do not round alike, and a network may turn a change in the
last digit into much more: where it rounds a resized picture to grey levels, for
example, or where a match just leaves the view. So a difference also passes if
the network's own answer changes alike, up to `OWN_CHANGES` times, when its
images change by `ROUNDING`, which is at most 1/400 of a grey level.
"""

import functools
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import tensorflow as tf
from absl import logging

from . import sample_requests

# px for positions, and of 1 for confidence.
TOLERANCE = 1e-4
# Of the value of a pixel.
ROUNDING = 1e-5
OWN_CHANGES = 4
# TensorFlow imports the Keras it finds, so it must not find any.
_SERVE = """
import sys
for name in ("gocor_tf", "keras", "tf_keras"):
    sys.modules[name] = None
import numpy as np
import tensorflow as tf

folder, requests, answers = sys.argv[1:]
served = tf.saved_model.load(folder)
requests = np.load(requests)
results = {}
for name, signature in served.signatures.items():
    inputs = {}
    for key, spec in signature.structured_input_signature[1].items():
        images = tf.constant(requests[key])
        if spec.dtype == tf.string:
            inputs[key] = tf.stack([tf.io.encode_png(i) for i in images])
        else:
            inputs[key] = tf.cast(images, spec.dtype)
    for key, value in signature(**inputs).items():
        results[f"{name}/{key}"] = value.numpy()
np.savez(answers, **results)
"""


def check(folder, answers, batch_size=2):
    """Compares a SavedModel's answers with those of its functions.

    Args:
        folder: of the SavedModel.
        answers: name -> (function, input specs), see `signatures.answers`.
        batch_size: pairs in the request.

    Raises:
        RuntimeError: if it does not load or answers something else.
    """
    pair = sample_requests.images(batch_size)
    served = _answers_of_new_process(folder, pair)

    @functools.cache
    def own_changes():
        return _own_changes(answers["serving_default"][0], pair)

    for name, (answer, specs) in answers.items():
        inputs = sample_requests.as_dtype(pair, specs[0].dtype)
        for key, expected in tf.function(answer)(**inputs).items():
            full_name, expected = f"{name}/{key}", expected.numpy()
            _check_shape(full_name, served, expected)
            # Which of two equally sure matches is taken, rounding decides; the
            # flow and the confidences that they are read from are compared.
            if key.endswith("_xy"):
                continue
            difference = _difference(served[full_name], expected)
            if not difference <= TOLERANCE:
                _check_rounding(full_name, difference, own_changes()[key])


def _answers_of_new_process(folder, pair):
    with tempfile.TemporaryDirectory() as work:
        requests = pathlib.Path(work, "requests.npz")
        results = pathlib.Path(work, "answers.npz")
        np.savez(requests, **pair)
        process = subprocess.run(
            [sys.executable, "-c", _SERVE]
            + [os.path.abspath(folder), requests, results],
            cwd=work,
            capture_output=True,
            text=True,
        )
        if process.returncode:
            reason = (process.stderr.strip().splitlines() or ["no reason"])[-1]
            raise RuntimeError(
                "the SavedModel must answer in a process without gocor_tf and "
                f"Keras, but it failed there: {reason}"
            )
        return dict(np.load(results))


def _own_changes(answer, pair):
    """Returns how much each output changes if the images do in rounding."""
    answer = tf.function(answer)
    rng = np.random.default_rng(0)
    nearby = {
        name: images * (1 + ROUNDING * rng.choice([-1.0, 1.0], images.shape))
        for name, images in pair.items()
    }
    here, there = (
        answer(**sample_requests.as_dtype(images, tf.float32))
        for images in (pair, nearby)
    )
    return {
        key: _difference(there[key].numpy(), value.numpy())
        for key, value in here.items()
    }


def _check_shape(name, served, expected):
    answer = served.get(name)
    if answer is None or answer.shape != expected.shape:
        raise RuntimeError(
            f"the SavedModel must answer {name} of shape {expected.shape}. "
            f"Received: {None if answer is None else answer.shape}"
        )


def _check_rounding(name, difference, own_change):
    if not difference <= OWN_CHANGES * own_change:
        raise RuntimeError(
            f"the SavedModel must answer {name} as the network does, within "
            f"{TOLERANCE}. Received: a difference of {difference:.2g}"
        )
    logging.warning(
        "the SavedModel's %s differs from the network's by %.2g: this network "
        "amplifies rounding, and would itself answer %.2g otherwise",
        name,
        difference,
        own_change,
    )


def _difference(answer, expected):
    """Returns the largest difference, less what 16 bits lose."""
    # They may differ in the last one.
    relative = 2**-10 if expected.dtype == np.float16 else 0
    answer, expected = answer.astype(np.float64), expected.astype(np.float64)
    return np.max(np.abs(answer - expected) - relative * np.abs(expected))
