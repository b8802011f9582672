"""The documented REST routes over HTTP."""

import http.server
import json
import re

import grpc
from google.protobuf import json_format
from tensorflow_serving.apis import predict_pb2

from tests.serving import c_api
from tests.serving.conformance import grpc_services, rest_tensors
from tests.serving.conformance import models as model_store

_STATUSES = {
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.UNAUTHENTICATED: 401,
}
_HTTP_STATUS = {code.value[0]: status for code, status in _STATUSES.items()}
_ROUTE = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+))?"
    r"(?P<method>:predict|/metadata|)"
)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one connection; `service` is set by `create_server`."""

    protocol_version = "HTTP/1.1"
    service = None

    def do_GET(self):  # noqa: N802
        if self.path == self.service.monitoring_path:
            page = self.service.metrics.page()
            self._send(200, page.encode(), "text/plain")
            return
        self._answer("GET", b"")

    def do_POST(self):  # noqa: N802
        length = int(self.headers.get("Content-Length", 0))
        self._answer("POST", self.rfile.read(length))

    def log_message(self, format, *args):
        """Says nothing: tests read the process's own errors."""

    def _answer(self, verb, body):
        try:
            status, answer = 200, self.service.answer(verb, self.path, body)
        except c_api.StatusError as error:
            status = _HTTP_STATUS.get(error.code, 500)
            answer = {"error": str(error)}
        self._send(status, json.dumps(answer).encode(), "application/json")

    def _send(self, status, body, content_type):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class RestService:
    """Routes to models."""

    def __init__(self, models, metrics, monitoring_path):
        self.metrics = metrics
        self.monitoring_path = monitoring_path
        self._models = models

    def answer(self, verb, path, body):
        """Returns the JSON object that answers a request."""
        route = _ROUTE.fullmatch(path)
        method = route and (verb, route["method"])
        spec = route and _spec(route)
        if method == ("POST", ":predict"):
            with self.metrics.counted(spec.name):
                return self._predict(spec, body)
        if method == ("GET", "/metadata"):
            return self._metadata(spec)
        if method == ("GET", ""):
            return json_format.MessageToDict(
                self._models.statuses(spec),
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=True,
            )
        raise rest_tensors.invalid(f"Malformed request: {verb} {path}")

    def _predict(self, spec, body):
        try:
            body = json.loads(body)
        except ValueError as error:
            raise rest_tensors.invalid(f"JSON Parse error: {error}") from error
        if not isinstance(body, dict):
            raise rest_tensors.invalid("JSON must be an object")
        servable = self._models.find(spec)
        name = body.get("signature_name", "serving_default")
        if name not in servable.signatures:
            raise rest_tensors.invalid(
                f'Serving signature name: "{name}" not found in signature def'
            )
        request = rest_tensors.predict_request(body, servable.signatures[name])
        request.model_spec.CopyFrom(spec)
        request.model_spec.signature_name = name
        response = predict_pb2.PredictResponse()
        model_store.predict(servable, request, response)
        return rest_tensors.predict_response(response, "instances" in body)

    def _metadata(self, spec):
        servable = self._models.find(spec)
        signatures = json_format.MessageToDict(
            grpc_services.signature_map(servable),
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
        )
        version = str(servable.version)
        return {
            "model_spec": {
                "name": servable.name,
                "signature_name": "",
                "version": version,
            },
            "metadata": {"signature_def": signatures},
        }


def create_server(port, service):
    """Returns an HTTP server on a port of this machine, not yet running."""
    handler = type("BoundHandler", (Handler,), {"service": service})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    return server


def _spec(route):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = route["name"]
    if route["version"]:
        request.model_spec.version.value = int(route["version"])
    return request.model_spec
