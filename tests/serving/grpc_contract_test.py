"""PredictionService and ModelService, as the stock protos define them."""

import grpc
import numpy as np
import pytest
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
)

from tests.serving import exports, servers

PAIR = {
    "reference": exports.images(1, 16, 24),
    "query": exports.images(1, 20, 16, seed=1),
}
AVAILABLE = get_model_status_pb2.ModelVersionStatus.AVAILABLE


def check_error(call, code, message):
    with pytest.raises(grpc.RpcError) as error:
        call()
    assert error.value.code() == code
    assert message in error.value.details()


def test_predict_names_model_version_and_signature(stubs):
    response = stubs.predict("serving_uint8", **PAIR)
    assert response.model_spec.name == stubs.server.model
    assert response.model_spec.version.value == stubs.server.version
    assert response.model_spec.signature_name == "serving_uint8"
    outputs = servers.outputs(response)
    assert outputs["flow"].shape == (1, 16, 24, 2)
    assert outputs["confidence"].shape == (1, 16, 24)
    assert outputs["flow"].dtype == outputs["confidence"].dtype == np.float32


def test_the_signature_of_an_empty_name_is_the_default(stubs):
    floats = {name: image.astype(np.float32) for name, image in PAIR.items()}
    response = stubs.predict("", **floats)
    assert response.model_spec.signature_name == "serving_default"
    np.testing.assert_array_equal(
        servers.outputs(response)["flow"],
        servers.outputs(stubs.predict("serving_uint8", **PAIR))["flow"],
    )


def test_output_filter(stubs):
    request = stubs.request(predict_pb2.PredictRequest)
    request.model_spec.signature_name = "serving_uint8"
    request.output_filter.append("confidence")
    for name, image in PAIR.items():
        request.inputs[name].CopyFrom(servers.tf.make_tensor_proto(image))
    response = stubs.prediction.Predict(request, 60)
    assert set(response.outputs) == {"confidence"}


def test_the_highest_version_is_the_default(own_server, stubs):
    flow = servers.outputs(stubs.predict("serving_uint8", **PAIR))["flow"]
    np.testing.assert_array_equal(flow[..., 0], 10.0)


@pytest.mark.parametrize("version", [2, 10])
def test_a_version_that_is_asked_for(own_server, stubs, version):
    response = stubs.predict(
        "serving_uint8", model="shift_all", version=version, **PAIR
    )
    assert response.model_spec.version.value == version
    flow = servers.outputs(response)["flow"]
    np.testing.assert_array_equal(flow[..., 0], version)


def test_a_version_that_the_policy_leaves_out(own_server, stubs):
    check_error(
        lambda: stubs.predict("serving_uint8", version=2, **PAIR),
        grpc.StatusCode.NOT_FOUND,
        "Servable not found for request: Specific(shift, 2)",
    )


def test_an_unknown_model(stubs):
    code = grpc.StatusCode.NOT_FOUND
    check_error(
        lambda: stubs.predict("serving_uint8", model="nothing", **PAIR),
        code,
        "Servable not found for request: Latest(nothing)",
    )
    check_error(lambda: stubs.metadata(model="nothing"), code, "nothing")
    check_error(lambda: stubs.model_status(model="nothing"), code, "nothing")
    check_error(lambda: stubs.model_status(version=99), code, "version 99")


def test_status(own_server, stubs):
    def states(*model):
        statuses = stubs.model_status(*model).model_version_status
        return {status.version: status.state for status in statuses}

    assert states()[10] == AVAILABLE
    assert states("shift_all") == {2: AVAILABLE, 10: AVAILABLE}
    assert states("shift_all", 2) == {2: AVAILABLE}


def test_metadata(stubs):
    response = stubs.metadata()
    assert response.model_spec.version.value == stubs.server.version
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    signature = signatures.signature_def["serving_uint8"]
    assert signature.method_name == "tensorflow/serving/predict"
    assert set(signature.inputs) == {"reference", "query"}
    sides = [dim.size for dim in signature.inputs["query"].tensor_shape.dim]
    assert sides == [-1, -1, -1, 3]
    assert set(signature.outputs) >= {"flow", "confidence"}


@pytest.mark.parametrize("fields", [(), ("weights",)])
def test_unknown_metadata(stubs, fields):
    check_error(
        lambda: stubs.metadata(fields),
        grpc.StatusCode.INVALID_ARGUMENT,
        "etadata",
    )


def test_a_request_without_a_model(stubs):
    check_error(
        lambda: stubs.prediction.Predict(predict_pb2.PredictRequest(), 60),
        grpc.StatusCode.INVALID_ARGUMENT,
        "Missing ModelSpec",
    )


def test_a_deadline_that_cannot_be_met(stubs):
    large = exports.images(1, 1500, 1500)
    check_error(
        lambda: stubs.predict(
            "serving_uint8", timeout=0.01, reference=large, query=large
        ),
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "",
    )
