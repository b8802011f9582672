"""Requests to an exported network in a process without TensorFlow's Python."""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from tensorflow.core.protobuf import saved_model_pb2

from tests.serving import servers


def ask(version, signature, inputs):
    """Answers a request through the C API, see `c_api.main`.

    Args:
        version: version directory.
        signature: name of one.
        inputs: dict of arrays.

    Returns:
        Dict of the arrays `flow` and `confidence`.
    """
    file = pathlib.Path(version, "saved_model.pb").read_bytes()
    (graph,) = saved_model_pb2.SavedModel.FromString(file).meta_graphs
    definition = graph.signature_def[signature]
    names = {k: definition.outputs[k].name for k in ("flow", "confidence")}
    with tempfile.TemporaryDirectory() as folder:
        request, answer = (
            pathlib.Path(folder, name) for name in ("request.npz", "answer.npz")
        )
        np.savez(
            request,
            fetches=list(names.values()),
            **{definition.inputs[k].name: a for k, a in inputs.items()},
        )
        subprocess.run(
            [
                sys.executable,
                "tests/serving/c_api.py",
                version,
                request,
                answer,
            ],
            cwd=servers.ROOT,
            check=True,
            timeout=servers.START_SECONDS,
        )
        arrays = np.load(answer)
        return {key: arrays[name] for key, name in names.items()}
