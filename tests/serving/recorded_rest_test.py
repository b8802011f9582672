"""Client and server against HTTP requests and answers, written out by hand."""

import contextlib
import http.server
import json
import socket
import threading

import numpy as np
import pytest

from gocor_tf.serving import Client, ServingError

STATUS = """{
 "model_version_status": [
  {
   "version": "7",
   "state": "AVAILABLE",
   "status": {
    "error_code": "OK",
    "error_message": ""
   }
  }
 ]
}"""
METADATA = """{
"model_spec": {"name": "m", "signature_name": "", "version": "7"},
"metadata": {"signature_def": {"signature_def": {"serving_uint8": {
 "inputs": {
  "query": {"dtype": "DT_UINT8", "tensor_shape": {"dim": [
    {"size": "-1", "name": ""}, {"size": "-1", "name": ""},
    {"size": "-1", "name": ""}, {"size": "3", "name": ""}],
   "unknown_rank": false}, "name": "serving_uint8_query:0"},
  "reference": {"dtype": "DT_UINT8", "name": "serving_uint8_reference:0"}
 },
 "outputs": {
  "confidence": {"dtype": "DT_FLOAT", "name": "PartitionedCall:0"},
  "flow": {"dtype": "DT_FLOAT", "name": "PartitionedCall:1"}
 },
 "method_name": "tensorflow/serving/predict"}}}}
}"""
PREDICT = """{
    "outputs": {
        "flow": [[[[1.5, -2.0]]]],
        "confidence": [[[0.5]]]
    }
}"""
REQUEST = """{"signature_name": "serving_uint8", "inputs":
    {"reference": [[[[1, 2, 3]]]], "query": [[[[4, 5, 6]]]]}}"""
IMAGES = (
    np.array([[[1, 2, 3]]], np.uint8),
    np.array([[[4, 5, 6]]], np.uint8),
)
ANSWERS = {
    "GET /v1/models/m": (200, STATUS),
    "GET /v1/models/m/versions/7/metadata": (200, METADATA),
    "POST /v1/models/m/versions/7:predict": (200, PREDICT),
}


@contextlib.contextmanager
def running(answers):
    received = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            line = f"{self.command} {self.path}"
            length = int(self.headers.get("Content-Length", 0))
            received[line] = self.rfile.read(length).decode()
            status, body = answers.get(line, (404, '{"error": "no route"}'))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client(address, **options):
    options = {"model": "m", "version": 7, "retries": 0, **options}
    return Client(address, transport="rest", **options)


def test_client_sends_and_reads_what_is_recorded():
    with running(ANSWERS) as (address, received), client(address) as asked:
        match = asked(*IMAGES)
    np.testing.assert_array_equal(match.flow, [[[1.5, -2.0]]])
    np.testing.assert_array_equal(match.confidence, [[0.5]])
    assert list(received) == list(ANSWERS)
    body = received["POST /v1/models/m/versions/7:predict"]
    assert json.loads(body) == json.loads(REQUEST)


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (400, '{ "error": "no such input" }', "INVALID_ARGUMENT", "no such"),
        (404, '{ "error": "Servable not found" }', "NOT_FOUND", "Servable"),
        (503, "<html>busy</html>", "UNAVAILABLE", "HTTP status 503"),
        (504, '{"error": "late"}', "DEADLINE_EXCEEDED", "late"),
        (500, "[]", "UNKNOWN", "HTTP status 500"),
        (200, "<html>hello</html>", "UNKNOWN", "no 'outputs'"),
        (200, '{"outputs": {"flow": [[1], 2]}}', "UNKNOWN", "no array"),
        (200, '{"outputs": {"flow": 1}}', "UNKNOWN", "must hold `flow`"),
        (200, PREDICT.replace("1.5", "NaN"), "UNKNOWN", "must be finite"),
    ],
)
def test_client_reports_other_answers(status, body, code, message):
    line = "POST /v1/models/m/versions/7:predict"
    with (
        running({**ANSWERS, line: (status, body)}) as (address, _),
        client(address) as asked,
        pytest.raises(ServingError, match=message) as error,
    ):
        asked(*IMAGES)
    assert error.value.code == code
    assert str(error.value).startswith(f"{address}: {code}: ")


def test_client_gives_up_on_a_server_that_says_nothing():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with (
            client(address, timeout=0.2) as asked,
            pytest.raises(ServingError, match="no answer within 0.2 s") as e,
        ):
            asked(*IMAGES)
    assert e.value.code == "DEADLINE_EXCEEDED"


def test_server_answers_what_is_recorded(own_server):
    black = json.dumps([[[[0, 0, 0]] * 8] * 8])
    body = (
        '{"signature_name": "serving_uint8", "inputs": '
        f'{{"reference": {black}, "query": {black}}}}}'
    )
    request = (
        "POST /v1/models/shift:predict HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    )
    host, _, port = own_server.rest_address.partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(request.encode())
        answer = connection.makefile("rb").read().decode()
    head, _, text = answer.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 ")
    assert "content-type: application/json" in head.lower()
    outputs = json.loads(text)["outputs"]
    assert outputs["flow"] == [[[[10.0, 0.0]] * 8] * 8]
