"""Tensors in the JSON of the documented REST API."""

import base64
import binascii

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from tests.serving import c_api
from tests.serving.conformance import models as model_store


def invalid(message):
    """Returns the error for a request that cannot be read."""
    return c_api.StatusError(model_store.INVALID_ARGUMENT, message)


def predict_request(body, signature):
    """Returns a PredictRequest from a parsed body.

    Args:
        body: dict with either "instances" (rows) or "inputs" (columns).
        signature: SignatureDef that says which inputs of which type.
    """
    if ("instances" in body) == ("inputs" in body):
        raise invalid("JSON must have either 'instances' or 'inputs'")
    if "inputs" in body:
        columns = _named(body["inputs"], signature)
    else:
        columns = _columns(body["instances"], signature)
    if columns.keys() != set(signature.inputs):
        raise invalid(
            f"Missing named input, or one too many: {sorted(columns)}; "
            f"expected {sorted(signature.inputs)}"
        )
    request = predict_pb2.PredictRequest()
    for name, values in columns.items():
        dtype = tf.as_dtype(signature.inputs[name].dtype)
        request.inputs[name].CopyFrom(_tensor(name, values, dtype))
    return request


def predict_response(response, is_row_format):
    """Returns the JSON object that answers a request of that format."""
    outputs = {
        name: tf.make_ndarray(tensor)
        for name, tensor in response.outputs.items()
    }
    # Shortest decimals that give the same float32; NumPy's float64 are not.
    lists = {name: _to_list(array) for name, array in outputs.items()}
    if is_row_format:
        rows = [
            dict(zip(lists, row, strict=True))
            for row in zip(*lists.values(), strict=True)
        ]
        return {"predictions": [_unnamed(row) for row in rows]}
    return {"outputs": _unnamed(lists)}


def _to_list(array):
    if array.dtype.kind != "f":
        return array.tolist()
    shortest = np.array([float(str(v)) for v in array.ravel()])
    return shortest.reshape(array.shape).tolist()


def _unnamed(outputs):
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs


def _named(value, signature):
    if isinstance(value, dict) and set(value) != {"b64"}:
        return value
    if len(signature.inputs) > 1:
        raise invalid("'inputs' must be an object of the named inputs")
    return {next(iter(signature.inputs)): value}


def _columns(instances, signature):
    if not isinstance(instances, list) or not instances:
        raise invalid("'instances' must be a list with one value at least")
    rows = [_named(instance, signature) for instance in instances]
    if any(row.keys() != rows[0].keys() for row in rows):
        raise invalid("all 'instances' must have the same keys")
    return {name: [row[name] for row in rows] for name in rows[0]}


def _tensor(name, values, dtype):
    try:
        if dtype == tf.string:
            array = np.array(_decode_strings(values), dtype=object)
        else:
            array = np.array(values)
            if array.size and array.dtype.kind not in "iuf":
                raise ValueError(f"not of expected type {dtype.name}")
            if dtype.is_integer and array.dtype.kind == "f" and array.size:
                raise ValueError(f"not of expected type {dtype.name}")
            array = array.astype(dtype.as_numpy_dtype)
        return tf.make_tensor_proto(array, dtype, array.shape)
    except (ValueError, TypeError, OverflowError) as error:
        raise invalid(f"JSON value of {name}: {error}") from error


def _decode_strings(values):
    if isinstance(values, list):
        return [_decode_strings(value) for value in values]
    if isinstance(values, str):
        return values.encode()
    try:
        return base64.b64decode(values["b64"], validate=True)
    except (binascii.Error, KeyError, TypeError) as error:
        raise invalid("Unable to base64 decode") from error
