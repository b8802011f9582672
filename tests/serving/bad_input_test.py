"""Each bad request gets its error, by gRPC and REST; the server stays up."""

import base64
import json
import re
import zlib

import cv2
import grpc
import numpy as np
import pytest
import requests

from tests.serving import exports

GOOD = exports.images(1, 16, 24)
PNG = cv2.imencode(".png", GOOD[0])[1].tobytes()
JPEG = cv2.imencode(".jpg", GOOD[0])[1].tobytes()
INVALID = "INVALID_ARGUMENT"
# A PNG whose header, check sum and all, claims 20,000 x 20,000 pixels.
HEADER = bytes.fromhex("49484452 00004e20 00004e20 0802000000")
BOMB = b"".join(
    [
        bytes.fromhex("89504e470d0a1a0a 0000000d"),
        HEADER,
        zlib.crc32(HEADER).to_bytes(4, "big"),
    ]
)


def pair(query, reference=GOOD):
    return {"reference": reference, "query": query}


def file_pair(query):
    return pair(np.array([query], dtype=object), np.array([PNG], dtype=object))


CASES = {
    "truncated JPEG": ("serving_bytes", file_pair(JPEG[:-60]), "query"),
    "text": ("serving_bytes", file_pair(b"not an image"), "query"),
    "empty file": ("serving_bytes", file_pair(b""), "query"),
    "bomb": ("serving_bytes", file_pair(BOMB), "query"),
    "1 x 1": ("serving_uint8", pair(exports.images(1, 1, 1)), "query"),
    "other length": (
        "serving_uint8",
        pair(exports.images(2, 16, 24)),
        "reference.*query",
    ),
    "NaN": (
        "serving_default",
        pair(np.full(GOOD.shape, np.nan, np.float32), GOOD.astype("float32")),
        "query",
    ),
    "wrong type": ("serving_uint8", pair(GOOD.astype(np.float32)), "uint8"),
    "no batch": ("serving_uint8", pair(GOOD[0]), "`query` must be of shape"),
    "grey": ("serving_uint8", pair(GOOD[..., :1]), "`query` must be of shape"),
    "alpha": (
        "serving_default",
        pair(
            GOOD.astype("float32"),
            np.concatenate([GOOD, GOOD[..., :1]], axis=-1).astype("float32"),
        ),
        "`reference` must be of shape",
    ),
    "rank 5": ("matches", pair(GOOD[None]), "`query` must be of shape"),
    "file without batch": (
        "serving_bytes",
        pair(np.array(PNG, object), np.array([PNG], object)),
        "`query` must be of shape",
    ),
    "empty batch": (
        "serving_uint8",
        pair(GOOD[:0], GOOD[:0]),
        "reference|query",
    ),
    "huge batch": (
        "serving_uint8",
        pair(*2 * (exports.images(300, 8, 8),)),
        "reference|query",
    ),
    "no query": ("serving_uint8", {"reference": GOOD}, "query"),
    "other name": (
        "serving_uint8",
        {"reference": GOOD, "source": GOOD},
        "source.*query",
    ),
}


def by_grpc(stubs, signature, inputs):
    """Returns the error of a request, as code and message."""
    with pytest.raises(grpc.RpcError) as error:
        stubs.predict(signature, **inputs)
    return error.value.code().name, error.value.details()


def by_rest(stubs, signature, inputs):
    """Returns the same of a request over REST."""
    body = {
        "signature_name": signature,
        "inputs": {name: value.tolist() for name, value in inputs.items()},
    }
    response = requests.post(
        stubs.server.url(":predict"),
        data=json.dumps(
            body, default=lambda x: {"b64": base64.b64encode(x).decode()}
        ),
        timeout=60,
    )
    codes = {400: INVALID}
    return codes.get(response.status_code), response.json()["error"]


@pytest.mark.parametrize("ask", [by_grpc, by_rest])
@pytest.mark.parametrize("case", CASES)
def test_is_an_invalid_argument(stubs, case, ask):
    signature, inputs, message = CASES[case]
    code, received = ask(stubs, signature, inputs)
    assert code == INVALID
    assert re.search(message, received, re.DOTALL)
    assert stubs.predict("serving_uint8", **pair(GOOD)).outputs


@pytest.mark.parametrize(
    ("ask", "code"),
    # What the stock server answers to gRPC; over REST it is 400, too.
    [(by_grpc, "FAILED_PRECONDITION"), (by_rest, INVALID)],
)
def test_unknown_signature(stubs, ask, code):
    received = ask(stubs, "serving_text", pair(GOOD))
    assert received[0] == code
    assert re.search('"serving_text".* not found', received[1])
