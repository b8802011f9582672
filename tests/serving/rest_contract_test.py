"""The documented REST routes."""

import base64
import json

import cv2
import numpy as np
import pytest
import requests

from tests.serving import exports, servers

REFERENCE = exports.images(1, 9, 12)
QUERY = exports.images(1, 10, 8, seed=1)


def post(server, body, path=":predict"):
    data = body if isinstance(body, str) else json.dumps(body)
    return requests.post(server.url(path), data=data, timeout=60)


def get(server, path=""):
    return requests.get(server.url(path), timeout=60)


def check_error(response, status, message):
    assert response.status_code == status
    assert set(response.json()) == {"error"}
    assert message in response.json()["error"]


def inputs(signature="serving_uint8", **changes):
    pair = {"reference": REFERENCE.tolist(), "query": QUERY.tolist()}
    return {"signature_name": signature, "inputs": {**pair, **changes}}


def test_columns(server, stubs):
    outputs = post(server, inputs()).json()["outputs"]
    expected = servers.outputs(
        stubs.predict("serving_uint8", reference=REFERENCE, query=QUERY)
    )
    for name in ("flow", "confidence"):
        np.testing.assert_array_equal(
            np.array(outputs[name], np.float32), expected[name]
        )


def test_rows(server):
    row = {"reference": REFERENCE[0].tolist(), "query": QUERY[0].tolist()}
    body = {"signature_name": "serving_uint8", "instances": [row, row]}
    answers = post(server, body).json()["predictions"]
    columns = post(server, inputs()).json()["outputs"]
    assert len(answers) == 2
    for answer in answers:
        assert answer["flow"] == columns["flow"][0]
        assert answer["confidence"] == columns["confidence"][0]


def test_files_in_base64(server):
    def encoded(image):
        file = cv2.imencode(".png", image[0][..., ::-1])[1].tobytes()
        return [{"b64": base64.b64encode(file).decode()}]

    body = inputs(
        "serving_bytes", reference=encoded(REFERENCE), query=encoded(QUERY)
    )
    assert post(server, body).json() == post(server, inputs()).json()


def test_versions_in_the_path(own_server):
    path = f"/versions/{own_server.version}:predict"
    assert post(own_server, inputs(), path).ok
    check_error(
        post(own_server, inputs(), "/versions/2:predict"),
        404,
        "Servable not found for request: Specific(shift, 2)",
    )


def test_status(own_server):
    expected = {
        "version": "10",
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    assert expected in get(own_server).json()["model_version_status"]
    assert get(own_server, "/versions/10").json() == {
        "model_version_status": [expected]
    }
    check_error(get(own_server, "/versions/3"), 404, "version 3")


def test_metadata(server):
    answer = get(server, "/metadata").json()
    assert answer["model_spec"]["name"] == server.model
    assert answer["model_spec"]["version"] == str(server.version)
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    query = signatures["serving_uint8"]["inputs"]["query"]
    assert query["dtype"] == "DT_UINT8"
    assert [dim["size"] for dim in query["tensor_shape"]["dim"]] == [
        "-1",
        "-1",
        "-1",
        "3",
    ]


def test_monitoring(own_server):
    url = f"http://{own_server.rest_address}{servers.MONITORING}"
    assert post(own_server, inputs()).ok
    page = requests.get(url, timeout=60)
    assert page.headers["Content-Type"].startswith("text/plain")
    counter = ':tensorflow:serving:request_count{model_name="shift",status="OK"'
    assert counter in page.text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "JSON Parse error"),
        ("{'a': 1}", "JSON Parse error"),
        ({"signature_name": "serving_uint8"}, "'inputs'"),
        ({"inputs": {}, "instances": []}, "'inputs'"),
        (inputs("serving_text"), "serving_text"),
        (inputs(query="text"), "query"),
        (inputs("serving_bytes", query=[{"b64": "?"}]), "base64"),
    ],
)
def test_bodies_that_cannot_be_read(server, body, message):
    response = post(server, body)
    assert response.status_code == 400
    assert message in response.json()["error"] or server.process is None


def test_unknown_routes(server):
    check_error(post(server, inputs(), ":explain"), 400, "Malformed request")
    check_error(get(server, "/weights"), 400, "Malformed request")
