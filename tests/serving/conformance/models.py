"""Models by name and version, loaded as a models.config says."""

import dataclasses
import os
import pathlib

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
from tensorflow_serving.apis import get_model_status_pb2, prediction_log_pb2
from tensorflow_serving.config import model_server_config_pb2

from tests.serving import c_api

NOT_FOUND = 5
INVALID_ARGUMENT = 3
FAILED_PRECONDITION = 9
_WARM_UP = "assets.extra/tf_serving_warmup_requests"
_AVAILABLE = get_model_status_pb2.ModelVersionStatus.AVAILABLE


def read_config(path):
    """Returns the ModelServerConfig in a models.config."""
    return text_format.Parse(
        pathlib.Path(path).read_text(),
        model_server_config_pb2.ModelServerConfig(),
    )


@dataclasses.dataclass
class Servable:
    """One loaded version of a model."""

    name: str
    version: int
    session: c_api.Session
    signatures: dict


class Models:
    """All models of a ModelServerConfig, loaded and warm."""

    def __init__(self, config):
        self._servables = {}
        for model in config.model_config_list.config:
            self._servables[model.name] = {
                version: _load(model.name, version, folder)
                for version, folder in _chosen_versions(model).items()
            }

    def find(self, spec):
        """Returns the servable of a ModelSpec, the highest version if none."""
        versions = self._servables.get(spec.name, {})
        if spec.HasField("version"):
            version = spec.version.value
            wanted = f"Specific({spec.name}, {version})"
        else:
            version = max(versions, default=None)
            wanted = f"Latest({spec.name})"
        if version not in versions:
            raise c_api.StatusError(
                NOT_FOUND, f"Servable not found for request: {wanted}"
            )
        return versions[version]

    def statuses(self, spec):
        """Returns a GetModelStatusResponse; what is loaded is available."""
        versions = sorted(self._servables.get(spec.name, {}), reverse=True)
        if spec.HasField("version"):
            versions = [v for v in versions if v == spec.version.value]
        if not versions:
            which = (
                f"version {spec.version.value}"
                if spec.HasField("version")
                else "any versions"
            )
            raise c_api.StatusError(
                NOT_FOUND, f"Could not find {which} of model {spec.name}"
            )
        response = get_model_status_pb2.GetModelStatusResponse()
        for version in versions:
            status = response.model_version_status.add(
                version=version, state=_AVAILABLE
            )
            status.status.SetInParent()
        return response


def predict(servable, request, response, timeout_in_ms=0):
    """Fills a PredictResponse.

    Args:
        servable: what answers.
        request: a PredictRequest.
        response: the message to fill.
        timeout_in_ms: of the run; 0: none.

    Raises:
        StatusError: for a request that does not fit the signature, and for
            what the graph refuses.
    """
    name = request.model_spec.signature_name or "serving_default"
    if name not in servable.signatures:
        raise c_api.StatusError(
            FAILED_PRECONDITION, f'Serving signature key "{name}" not found.'
        )
    signature = servable.signatures[name]
    _check_inputs(signature, request)
    aliases = list(request.output_filter) or sorted(signature.outputs)
    for alias in aliases:
        if alias not in signature.outputs:
            raise c_api.StatusError(
                INVALID_ARGUMENT,
                f"output tensor alias not found in signature: {alias}",
            )
    options = config_pb2.RunOptions(timeout_in_ms=timeout_in_ms)
    arrays = servable.session.run(
        {
            signature.inputs[alias].name: _to_array(alias, tensor)
            for alias, tensor in request.inputs.items()
        },
        [signature.outputs[alias].name for alias in aliases],
        options.SerializeToString(),
    )
    response.model_spec.CopyFrom(request.model_spec)
    response.model_spec.version.value = servable.version
    response.model_spec.signature_name = name
    for alias, array in zip(aliases, arrays, strict=True):
        _fill_tensor(response.outputs[alias], array)


def _check_inputs(signature, request):
    sent, wanted = set(request.inputs), set(signature.inputs)
    if sent != wanted:
        raise c_api.StatusError(
            INVALID_ARGUMENT,
            f"input size does not match signature: {len(sent)}!={len(wanted)}. "
            f"Sent extra: {sorted(sent - wanted)}. "
            f"Missing but required: {sorted(wanted - sent)}.",
        )


def _to_array(alias, tensor):
    try:
        return tf.make_ndarray(tensor)
    except (TypeError, ValueError) as error:
        raise c_api.StatusError(
            INVALID_ARGUMENT, f"tensor parsing error: {alias}: {error}"
        ) from error


def _fill_tensor(proto, array):
    """Lists the values, as the stock server does, not their raw bytes."""
    proto.dtype = tf.as_dtype(array.dtype).as_datatype_enum
    proto.tensor_shape.CopyFrom(tf.TensorShape(array.shape).as_proto())
    if array.dtype == np.float16:
        proto.half_val.extend(array.view(np.uint16).ravel().tolist())
    elif array.dtype == np.float32:
        proto.float_val.extend(array.ravel().tolist())
    else:
        proto.tensor_content = array.tobytes()


def _chosen_versions(model):
    """Returns the folders of the versions that the policy names, by number."""
    versions = {
        int(entry.name): entry.path
        for entry in os.scandir(model.base_path)
        if entry.name.isdecimal() and entry.is_dir()
    }
    policy = model.model_version_policy
    kind = policy.WhichOneof("policy_choice")
    if kind == "specific":
        versions = {v: versions[v] for v in policy.specific.versions}
    elif kind != "all":
        number = policy.latest.num_versions or 1
        versions = {v: versions[v] for v in sorted(versions)[-number:]}
    if not versions:
        raise ValueError(f"no version of {model.name} in {model.base_path}")
    return versions


def _load(name, version, folder):
    session = c_api.Session(folder)
    graph = meta_graph_pb2.MetaGraphDef.FromString(session.meta_graph)
    # The rest of it, the graph, is of no more use.
    signatures = {
        key: meta_graph_pb2.SignatureDef.FromString(value.SerializeToString())
        for key, value in graph.signature_def.items()
    }
    servable = Servable(name, version, session, signatures)
    _warm_up(servable, pathlib.Path(folder, _WARM_UP))
    return servable


def _warm_up(servable, path):
    """Answers the recorded requests; one that fails, fails the loading."""
    if not path.exists():
        return
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        if log.WhichOneof("log_type") != "predict_log":
            raise ValueError(f"{path} must hold predict_log records only")
        request = log.predict_log.request
        predict(servable, request, type(log.predict_log.response)())
