"""Server processes for the tests, and how to ask them without the client."""

import dataclasses
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

ROOT = pathlib.Path(__file__).parents[2]
CONFORMANCE = [sys.executable, "-m", "tests.serving.conformance.server"]
STOCK = "tensorflow_model_server"
MONITORING = "/monitoring/prometheus/metrics"
START_SECONDS = 600  # On a busy machine.
_MODEL = 'config {{ name: "{name}" base_path: "{base_path}"\n'
_MODEL += '  model_platform: "tensorflow" {policy} }}'


@dataclasses.dataclass
class Server:
    """A server, and what it is expected to answer for.

    Attributes:
        grpc_address: "HOST:PORT".
        rest_address: "HOST:PORT".
        model: name of a model with the project's signatures.
        version: its highest version.
        process: that runs it; None: somebody else's.
        log: file with what the process says.
    """

    grpc_address: str
    rest_address: str
    model: str
    version: int
    process: subprocess.Popen | None = None
    log: str = ""

    def url(self, path):
        """Returns the URL of a path below the model's."""
        return f"http://{self.rest_address}/v1/models/{self.model}{path}"

    def stop(self):
        """Ends the process at once, as a crash would."""
        self.process.kill()
        self.process.wait()


def free_address():
    """Returns "127.0.0.1:PORT" with a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def models_config(**base_paths):
    """Returns a models.config; a name ending in _all serves every version."""
    entries = [
        _MODEL.format(
            name=name,
            base_path=path,
            policy="model_version_policy { all {} }"
            if name.endswith("_all")
            else "",
        )
        for name, path in base_paths.items()
    ]
    return "\n".join(["model_config_list {", *entries, "}", ""])


def launch(command, folder, config, addresses=None):
    """Starts a server; it need not have loaded its models yet.

    Args:
        command: list of words that starts it, without flags.
        folder: for its files.
        config: text of its models.config.
        addresses: of gRPC and REST; None: free ones.

    Returns:
        A `Server` whose model is still to be named.
    """
    grpc_address, rest_address = addresses or (free_address(), free_address())
    pathlib.Path(folder, "models.config").write_text(config)
    pathlib.Path(folder, "monitoring.config").write_text(
        f'prometheus_config {{ enable: true path: "{MONITORING}" }}'
    )
    log = open(pathlib.Path(folder, "server.log"), "w")  # noqa: SIM115
    process = subprocess.Popen(
        [
            *command,
            f"--port={grpc_address.rpartition(':')[2]}",
            f"--rest_api_port={rest_address.rpartition(':')[2]}",
            f"--model_config_file={folder}/models.config",
            f"--monitoring_config_file={folder}/monitoring.config",
        ],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    log.close()
    return Server(grpc_address, rest_address, "", 0, process, log.name)


def wait_until_ready(server):
    """Waits until both ports of a launched server are open."""
    end = time.monotonic() + START_SECONDS
    while not all(map(_is_open, (server.grpc_address, server.rest_address))):
        if server.process.poll() is not None:
            raise RuntimeError(pathlib.Path(server.log).read_text()[-2000:])
        if time.monotonic() > end:
            server.stop()
            raise TimeoutError(f"no server within {START_SECONDS} s")
        time.sleep(0.1)
    return server


def stock_command():
    """Returns the command of the stock server, None where there is none."""
    path = shutil.which(STOCK)
    return [path] if path else None


def _is_open(address):
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, int(port))) == 0


class Stubs:
    """The generated stubs, for requests that no sound client would send."""

    def __init__(self, server):
        self.server = server
        self.channel = grpc.insecure_channel(
            server.grpc_address,
            [("grpc.max_receive_message_length", -1)],
        )
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(
            self.channel
        )
        self.status = model_service_pb2_grpc.ModelServiceStub(self.channel)

    def predict(
        self, signature, timeout=60, model=None, version=None, **inputs
    ):
        """Returns the response to a Predict request."""
        request = self.request(predict_pb2.PredictRequest, model, version)
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        return self.prediction.Predict(request, timeout)

    def model_status(self, model=None, version=None):
        """Returns a GetModelStatusResponse."""
        message = get_model_status_pb2.GetModelStatusRequest
        request = self.request(message, model, version)
        return self.status.GetModelStatus(request, 60)

    def metadata(self, fields=("signature_def",), model=None, version=None):
        """Returns a GetModelMetadataResponse."""
        message = get_model_metadata_pb2.GetModelMetadataRequest
        request = self.request(message, model, version)
        request.metadata_field.extend(fields)
        return self.prediction.GetModelMetadata(request, 60)

    def request(self, message, model=None, version=None):
        """Returns a request for the server's model, or another one."""
        request = message()
        request.model_spec.name = model or self.server.model
        if version is not None:
            request.model_spec.version.value = version
        return request


def outputs(response):
    """Returns the arrays of a PredictResponse."""
    return {
        name: np.array(tf.make_ndarray(tensor))
        for name, tensor in response.outputs.items()
    }
