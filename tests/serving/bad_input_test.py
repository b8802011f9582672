"""Each bad request gets its error, and the server stays up."""

import re
import zlib

import cv2
import grpc
import numpy as np
import pytest

from tests.serving import exports

GOOD = exports.images(1, 16, 24)
PNG = cv2.imencode(".png", GOOD[0])[1].tobytes()
JPEG = cv2.imencode(".jpg", GOOD[0])[1].tobytes()
INVALID = grpc.StatusCode.INVALID_ARGUMENT
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
    "no batch": ("serving_uint8", pair(GOOD[0]), "query|rank|shape"),
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


@pytest.mark.parametrize("case", CASES)
def test_is_an_invalid_argument(stubs, case):
    signature, inputs, message = CASES[case]
    with pytest.raises(grpc.RpcError) as error:
        stubs.predict(signature, **inputs)
    assert error.value.code() == INVALID
    assert re.search(message, error.value.details(), re.DOTALL)
    assert stubs.predict("serving_uint8", **pair(GOOD)).outputs


def test_unknown_signature(stubs):
    with pytest.raises(grpc.RpcError) as error:
        stubs.predict("serving_text", **pair(GOOD))
    # What the stock server answers to gRPC; over REST it is 400, too.
    assert error.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert 'key "serving_text" not found' in error.value.details()
