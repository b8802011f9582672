"""Requests that TF Serving answers for itself before it reports ready."""

import importlib.util
import pathlib

import tensorflow as tf

from . import sample_requests

FILE = "assets.extra/tf_serving_warmup_requests"


def is_available():
    """Whether the protos of TF Serving are installed."""
    return importlib.util.find_spec("tensorflow_serving") is not None


def write(folder, name, answers):
    """Writes one request for each signature beside a SavedModel.

    Args:
        folder: of the SavedModel.
        name: of the model, as it will be served.
        answers: name -> (function, input specs), see `signatures.answers`.
    """
    from tensorflow_serving.apis import prediction_log_pb2

    path = pathlib.Path(folder, FILE)
    path.parent.mkdir(exist_ok=True)
    pair = sample_requests.images(1)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, (_, specs) in answers.items():
            log = prediction_log_pb2.PredictionLog()
            request = log.predict_log.request
            request.model_spec.name = name
            request.model_spec.signature_name = signature
            inputs = sample_requests.as_dtype(pair, specs[0].dtype)
            for key, value in inputs.items():
                request.inputs[key].CopyFrom(
                    tf.make_tensor_proto(value.numpy())
                )
            writer.write(log.SerializeToString())
