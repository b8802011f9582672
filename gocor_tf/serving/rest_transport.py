"""Requests to TensorFlow Serving over its REST API."""

import base64

import numpy as np

from gocor_tf.serving.errors import UNAVAILABLE, ServingError

_CODES = {
    400: "INVALID_ARGUMENT",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    501: "UNIMPLEMENTED",
    503: UNAVAILABLE,
    504: "DEADLINE_EXCEEDED",
}


class RestTransport:
    """The routes below /v1/models of one server; see `GrpcTransport`.

    Numbers travel as decimal text: some 20 bytes for each of a flow, where
    gRPC needs four.

    Args:
        address: "HOST:PORT".
        max_concurrency: connections kept open.
    """

    def __init__(self, address, max_concurrency):
        import requests

        self._models = f"http://{address}/v1/models"
        self._session = requests.Session()
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=max_concurrency)
        self._session.mount("http://", adapter)

    def predict(self, model, version, signature, inputs, timeout):
        """Runs a signature; see `GrpcTransport.predict`."""
        body = {
            "signature_name": signature,
            "inputs": {name: _to_json(inputs[name]) for name in inputs},
        }
        path = f"{_path(model, version)}:predict"
        answer = self._send("POST", path, timeout, body)
        return {
            name: _to_array(name, values)
            for name, values in _get(answer, "outputs", dict).items()
        }

    def versions(self, model, timeout):
        """Returns the states of a model's versions, names by number."""
        answer = self._send("GET", _path(model), timeout)
        return {
            int(status["version"]): status["state"]
            for status in _get(answer, "model_version_status", list)
        }

    def signatures(self, model, version, timeout):
        """Returns the signatures: sets "inputs" and "outputs" by name."""
        path = f"{_path(model, version)}/metadata"
        answer = self._send("GET", path, timeout)
        for key in ("metadata", "signature_def", "signature_def"):
            answer = _get(answer, key, dict)
        return {
            name: {kind: set(value[kind]) for kind in ("inputs", "outputs")}
            for name, value in answer.items()
        }

    def close(self):
        """Closes the connections."""
        self._session.close()

    def _send(self, verb, path, timeout, body=None):
        """Returns the JSON object that a route answers with."""
        import requests

        try:
            response = self._session.request(
                verb, self._models + path, json=body, timeout=timeout
            )
        except requests.Timeout as error:
            message = f"no answer within {timeout:g} s"
            raise ServingError("DEADLINE_EXCEEDED", message) from error
        except (
            requests.ConnectionError,
            requests.exceptions.ChunkedEncodingError,
        ) as error:
            # Refused, or broken off in the midst of an answer.
            raise ServingError(UNAVAILABLE, str(error)) from error
        except requests.RequestException as error:
            raise ServingError("UNKNOWN", str(error)) from error
        return _read(response)


def _path(model, version=None):
    return f"/{model}" if version is None else f"/{model}/versions/{version}"


def _to_json(array):
    if array.dtype != object:
        return array.tolist()
    return [{"b64": base64.b64encode(file).decode()} for file in array]


def _to_array(name, values):
    try:
        return np.array(values, np.float32)
    except (TypeError, ValueError) as error:
        raise ServingError(
            "UNKNOWN", f"output '{name}' is no array of numbers: {error}"
        ) from error


def _read(response):
    try:
        answer = response.json()
    except ValueError:
        answer = {}
    if response.ok and isinstance(answer, dict):
        return answer
    code = _CODES.get(response.status_code, "UNKNOWN")
    message = answer.get("error") if isinstance(answer, dict) else None
    status = f"HTTP status {response.status_code}, {response.reason}"
    raise ServingError(code, message or status)


def _get(answer, key, kind):
    value = answer.get(key)
    if not isinstance(value, kind):
        raise ServingError(
            "UNKNOWN", f"the answer has no '{key}'; is it TensorFlow Serving?"
        )
    return value
