"""PredictionService and ModelService over gRPC."""

import contextlib
import math

import grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tests.serving import c_api
from tests.serving.conformance import models as model_store

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_SIGNATURES = "signature_def"


@contextlib.contextmanager
def _errors_to(context):
    try:
        yield
    except c_api.StatusError as error:
        context.abort(_CODES[error.code], str(error))


def _check_spec(request):
    if not request.HasField("model_spec"):
        raise c_api.StatusError(
            model_store.INVALID_ARGUMENT, "Missing ModelSpec"
        )


def signature_map(servable):
    """Returns the SignatureDefMap of a servable."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for name, signature in servable.signatures.items():
        signatures.signature_def[name].CopyFrom(signature)
    return signatures


def model_metadata(models, request):
    """Returns the GetModelMetadataResponse to a request."""
    _check_spec(request)
    if list(request.metadata_field) != [_SIGNATURES]:
        raise c_api.StatusError(
            model_store.INVALID_ARGUMENT,
            f"Metadata field must be {_SIGNATURES}. "
            f"Received: {list(request.metadata_field)}",
        )
    servable = models.find(request.model_spec)
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name = servable.name
    response.model_spec.version.value = servable.version
    response.metadata[_SIGNATURES].Pack(signature_map(servable))
    return response


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict and GetModelMetadata."""

    def __init__(self, models, metrics):
        self._models = models
        self._metrics = metrics

    def Predict(self, request, context):  # noqa: N802
        response = predict_pb2.PredictResponse()
        remaining = context.time_remaining()
        # Clients without a deadline seem to have years.
        timeout = 0 if remaining > 1e6 else max(1, math.ceil(1e3 * remaining))
        with (
            _errors_to(context),
            self._metrics.counted(request.model_spec.name),
        ):
            _check_spec(request)
            servable = self._models.find(request.model_spec)
            model_store.predict(servable, request, response, timeout)
        return response

    def GetModelMetadata(self, request, context):  # noqa: N802
        with _errors_to(context):
            return model_metadata(self._models, request)


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus."""

    def __init__(self, models):
        self._models = models

    def GetModelStatus(self, request, context):  # noqa: N802
        with _errors_to(context):
            _check_spec(request)
            return self._models.statuses(request.model_spec)


def add_services(server, models, metrics):
    """Adds both services to a gRPC server."""
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(models, metrics), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(
        ModelService(models), server
    )
