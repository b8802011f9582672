"""Answers of an exported network to one request, in another TensorFlow.

    python answers.py REQUEST.npz ANSWERS.npz VERSION

Runs in the environment of `requirements.txt`. The request holds the images by
their type, as "uint8/reference"; the answers are "signature/output".
"""

import sys

import numpy as np
import tensorflow as tf

# Its users load both into one process.
import tensorflow_addons  # noqa: F401


def main(request_path, answers_path, version):
    """Writes the answers of all signatures."""
    request = np.load(request_path)
    served = tf.saved_model.load(version)
    answers = {}
    for name, signature in served.signatures.items():
        _, specs = signature.structured_input_signature
        inputs = {
            key: tf.constant(request[f"{spec.dtype.name}/{key}"])
            for key, spec in specs.items()
        }
        for output, value in signature(**inputs).items():
            answers[f"{name}/{output}"] = value
    np.savez(answers_path, **answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
