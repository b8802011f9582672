"""Requests to TensorFlow Serving over gRPC."""

from gocor_tf.serving.errors import ServingError

_OPTIONS = [
    # gRPC's own limit for answers, 4 MiB, is a flow of 600 x 600 pixels.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # By default a channel waits for up to two minutes before it connects
    # again, and refuses every call until then.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2000),
]
_SIGNATURES = "signature_def"


class GrpcTransport:
    """PredictionService and ModelService of one server.

    Args:
        address: "HOST:PORT".
    """

    def __init__(self, address):
        import grpc
        from tensorflow_serving.apis import (
            model_service_pb2_grpc,
            prediction_service_pb2_grpc,
        )

        self._channel = grpc.insecure_channel(address, _OPTIONS)
        self._prediction = prediction_service_pb2_grpc.PredictionServiceStub(
            self._channel
        )
        self._model = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def predict(self, model, version, signature, inputs, timeout):
        """Runs a signature.

        Args:
            model: its name.
            version: an integer; None: the highest that is served.
            signature: its name.
            inputs: dict of arrays, of type object for strings.
            timeout: in seconds.

        Returns:
            Dict of arrays.

        Raises:
            ServingError: for every answer but one.
        """
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        request = _request(predict_pb2.PredictRequest, model, version)
        request.model_spec.signature_name = signature
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
        response = _call(self._prediction.Predict, request, timeout)
        return {
            name: tf.make_ndarray(tensor)
            for name, tensor in response.outputs.items()
        }

    def versions(self, model, timeout):
        """Returns the states of a model's versions, names by number."""
        from tensorflow_serving.apis import get_model_status_pb2

        request = _request(get_model_status_pb2.GetModelStatusRequest, model)
        response = _call(self._model.GetModelStatus, request, timeout)
        name = get_model_status_pb2.ModelVersionStatus.State.Name
        return {
            status.version: name(status.state)
            for status in response.model_version_status
        }

    def signatures(self, model, version, timeout):
        """Returns the signatures: sets "inputs" and "outputs" by name."""
        from tensorflow_serving.apis import get_model_metadata_pb2

        request = _request(
            get_model_metadata_pb2.GetModelMetadataRequest, model, version
        )
        request.metadata_field.append(_SIGNATURES)
        response = _call(self._prediction.GetModelMetadata, request, timeout)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata[_SIGNATURES].Unpack(signatures)
        return {
            name: {"inputs": set(value.inputs), "outputs": set(value.outputs)}
            for name, value in signatures.signature_def.items()
        }

    def close(self):
        """Closes the channel."""
        self._channel.close()


def _request(message, model, version=None):
    request = message()
    request.model_spec.name = model
    if version is not None:
        request.model_spec.version.value = version
    return request


def _call(method, request, timeout):
    import grpc

    try:
        return method(request, timeout)
    except grpc.RpcError as error:
        raise ServingError(error.code().name, error.details()) from error
