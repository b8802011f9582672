"""Client and server against messages in hexadecimal, written out by hand.

They hold what the published protos prescribe, field by field, so neither side
can be wrong in the way that the other one is.
"""

import concurrent.futures
import contextlib

import grpc
import numpy as np
import pytest

from gocor_tf.serving import Client, ServingError

REFERENCE, QUERY = b"\x0a\x09reference", b"\x0a\x05query"
# dtype: DT_UINT8; four dims 1, 1, 1, 3; tensor_content.
PIXEL = bytes.fromhex("0804 1210 12020801 12020801 12020801 12020803 2203")
# name: "m"; version: 7.
SPEC = bytes.fromhex("0a016d 12020807")
PREDICT_REQUEST = [
    bytes.fromhex("0a16") + SPEC + b"\x1a\x0dserving_uint8",
    bytes.fromhex("1226") + REFERENCE + b"\x12\x19" + PIXEL + b"\1\2\3",
    bytes.fromhex("1222") + QUERY + b"\x12\x19" + PIXEL + b"\4\5\6",
]
# The flow (1.5, -2) and the confidence 0.5 as float_val.
PREDICT_RESPONSE = b"".join(
    [
        b"\x0a\x26\x0a\x04flow",
        bytes.fromhex("121e 0801 1210 12020801 12020801 12020801 12020802"),
        bytes.fromhex("2a08 0000c03f 000000c0"),
        b"\x0a\x24\x0a\x0aconfidence",
        bytes.fromhex("1216 0801 120c 12020801 12020801 12020801"),
        bytes.fromhex("2a04 0000003f 1207") + SPEC,
    ]
)
STATUS_REQUEST = bytes.fromhex("0a03 0a016d")
# version: 7; state: AVAILABLE, or in the other one LOADING; status: OK.
STATUS_RESPONSE = bytes.fromhex("0a06 0807 101e 1a00")
LOADING_RESPONSE = bytes.fromhex("0a06 0807 1014 1a00")
METADATA_REQUEST = b"\x0a\x07" + SPEC + b"\x12\x0dsignature_def"
METADATA_RESPONSE = b"".join(
    [
        bytes.fromhex("129301") + b"\x0a\x0dsignature_def",
        bytes.fromhex("128101") + b"\x0a\x36type.googleapis.com/",
        b"tensorflow.serving.SignatureDefMap\x12\x47",
        b"\x0a\x45\x0a\x0dserving_uint8\x12\x34",
        b"\x0a\x0d" + REFERENCE + b"\x12\x00\x0a\x09" + QUERY + b"\x12\x00",
        b"\x12\x08\x0a\x04flow\x12\x00\x12\x0e\x0a\x0aconfidence\x12\x00",
    ]
)
# 8 x 8 black pixels: dims 1, 8, 8, 3; 192 bytes of tensor_content.
BLACK = bytes.fromhex(
    "0804 1210 12020801 12020808 12020808 12020803 22c001"
) + bytes(192)
SHIFT_REQUEST = b"".join(
    [
        b"\x0a\x16\x0a\x05shift\x1a\x0dserving_uint8",
        bytes.fromhex("12e501") + REFERENCE + b"\x12\xd7\x01" + BLACK,
        bytes.fromhex("12e101") + QUERY + b"\x12\xd7\x01" + BLACK,
    ]
)
# The flow (10, 0) of 8 x 8 pixels as 128 numbers of float_val.
SHIFT_FLOW = bytes.fromhex(
    "0801 1210 12020801 12020808 12020808 12020802 2a8004"
) + 64 * bytes.fromhex("00002041 00000000")
SHIFT_SPEC = b"\x0a\x05shift\x12\x02\x08\x0a\x1a\x0dserving_uint8"

PREDICT = "/tensorflow.serving.PredictionService/Predict"
METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
STATUS = "/tensorflow.serving.ModelService/GetModelStatus"
IMAGES = (
    np.array([[[1, 2, 3]]], np.uint8),
    np.array([[[4, 5, 6]]], np.uint8),
)


class Recorded(grpc.GenericRpcHandler):
    """Answers with recorded bytes, and keeps what it was sent."""

    def __init__(self, **changes):
        self.received = {}
        self._answers = {
            PREDICT: PREDICT_RESPONSE,
            METADATA: METADATA_RESPONSE,
            STATUS: STATUS_RESPONSE,
        } | changes

    def service(self, handler_call_details):
        method = handler_call_details.method

        def answer(request, context):
            self.received.setdefault(method, []).append(request)
            return self._answers[method]

        return grpc.unary_unary_rpc_method_handler(answer)


@contextlib.contextmanager
def running(recorded):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers([recorded])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def test_client_sends_and_reads_what_is_recorded():
    recorded = Recorded()
    with (
        running(recorded) as address,
        Client(address, model="m", version=7) as client,
    ):
        match = client(*IMAGES)
    np.testing.assert_array_equal(match.flow, [[[1.5, -2.0]]])
    np.testing.assert_array_equal(match.confidence, [[0.5]])
    assert recorded.received[STATUS] == [STATUS_REQUEST]
    assert recorded.received[METADATA] == [METADATA_REQUEST]
    # The entries of a map have no order.
    spec, *entries = PREDICT_REQUEST
    assert recorded.received[PREDICT][0] in (
        spec + entries[0] + entries[1],
        spec + entries[1] + entries[0],
    )


def test_client_waits_for_a_model_that_is_being_loaded(monkeypatch):
    monkeypatch.setattr("gocor_tf.serving.retry._FIRST_DELAY", 0.01)
    recorded = Recorded(**{STATUS: LOADING_RESPONSE})
    with (
        running(recorded) as address,
        Client(address, model="m", version=7, retries=2) as client,
        pytest.raises(ServingError, match="'m' is being loaded") as error,
    ):
        client(*IMAGES)
    assert error.value.code == "UNAVAILABLE"
    assert len(recorded.received[STATUS]) == 3


def test_client_refuses_another_size():
    larger = (np.zeros((1, 2, 3), np.uint8), IMAGES[1])
    with (
        running(Recorded()) as address,
        Client(address, model="m", version=7) as client,
        pytest.raises(ServingError, match=r"`flow` of shape \(1, 1, 2, 2\)"),
    ):
        client(*larger)


def test_server_answers_what_is_recorded(own_server):
    with grpc.insecure_channel(own_server.grpc_address) as channel:
        answer = channel.unary_unary(PREDICT)(SHIFT_REQUEST, timeout=60)
        status = channel.unary_unary(STATUS)(
            b"\x0a\x0b\x0a\x05shift\x12\x02\x08\x0a", timeout=60
        )
    assert b"\x0a\x04flow\x12" in answer and SHIFT_FLOW in answer
    assert SHIFT_SPEC in answer
    # version: 10; state: AVAILABLE.
    assert status == bytes.fromhex("0a06 080a 101e 1a00")
