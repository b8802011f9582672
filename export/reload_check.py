"""Loads an exported SavedModel as a server does, and compares its answers.

The SavedModel is loaded by a new Python process in which neither gocor_tf nor
Keras can be imported, and asked by every signature. What it answers must be
what the functions it was made of answer here.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import tensorflow as tf

from . import sample_requests

# px for positions, and of 1 for confidence.
TOLERANCE = 1e-4
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
    for name, (answer, specs) in answers.items():
        inputs = sample_requests.as_dtype(pair, specs[0].dtype)
        for key, expected in tf.function(answer)(**inputs).items():
            _compare(f"{name}/{key}", served, expected.numpy())


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


def _compare(name, served, expected):
    answer = served.get(name)
    if answer is None or answer.shape != expected.shape:
        raise RuntimeError(
            f"the SavedModel must answer {name} of shape {expected.shape}. "
            f"Received: {None if answer is None else answer.shape}"
        )
    # Which of two equally sure matches is taken, rounding decides; the flow and
    # the confidences that they are read from are compared.
    if name.endswith("_xy"):
        return
    # 16 bits may differ in the last one.
    relative = 2**-10 if expected.dtype == np.float16 else 0
    answer, expected = answer.astype(np.float64), expected.astype(np.float64)
    excess = np.abs(answer - expected) - relative * np.abs(expected)
    if not np.all(excess <= TOLERANCE):
        raise RuntimeError(
            f"the SavedModel must answer {name} as the network does, within "
            f"{TOLERANCE}. Received: a difference of {excess.max():.2g}"
        )
