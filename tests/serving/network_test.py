"""A network of the family: exported, served, asked, against the Python model.

With the files that gocor-export writes: models.config and the warm-up.
"""

import pathlib

import cv2
import numpy as np
import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from gocor_tf import Matcher
from gocor_tf.export import serving_files, signatures, warm_up
from gocor_tf.serving import Client
from tests.serving import exports, servers

pytestmark = pytest.mark.slow

TOLERANCE = 1e-4  # px.
REFERENCE, QUERY = exports.images(40, 56), exports.images(64, 33, seed=1)
OPTIONS = {
    "free": signatures.Options(),
    "fixed": signatures.Options(size=(32, 48)),
}
COMMANDS = {
    "conformance": servers.CONFORMANCE,
    "stock": servers.stock_command(),
}


@pytest.fixture(scope="module", params=COMMANDS)
def network_server(request, network, tmp_path_factory):
    """A server of one network, exported with and without a fixed size."""
    command = COMMANDS[request.param]
    if command is None:
        pytest.skip(f"{servers.STOCK} is not on the PATH")
    folder = tmp_path_factory.mktemp("exported")
    config = model_server_config_pb2.ModelServerConfig()
    for name, options in OPTIONS.items():
        version = exports.write_network(network, folder / name, options)
        answers = signatures.answers(network, options)
        warm_up.write(version, name, answers)
        serving_files.write(folder, name, options)
        text = pathlib.Path(version.parent, "models.config").read_text()
        # The server's own folder of models is that of a container.
        text_format.Merge(text, config)
        config.model_config_list.config[-1].base_path = str(version.parent)
    server = servers.launch(
        command, folder, text_format.MessageToString(config)
    )
    yield servers.wait_until_ready(server)
    server.stop()


def png(image):
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


@pytest.mark.parametrize("transport", ["grpc", "rest"])
@pytest.mark.parametrize(
    "pair",
    [(REFERENCE, QUERY), (png(REFERENCE), png(QUERY))],
    ids=["pixels", "files"],
)
def test_equals_the_python_model(network, network_server, transport, pair):
    expected = Matcher(network, mode="direct")(REFERENCE, QUERY)
    address = getattr(network_server, f"{transport}_address")
    with Client(address, "free", transport=transport, timeout=300) as client:
        match = client(*pair)
    np.testing.assert_allclose(match.flow, expected.flow, atol=TOLERANCE)
    np.testing.assert_allclose(
        match.confidence, expected.confidence, atol=TOLERANCE
    )


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_a_fixed_size_is_answered_at_the_references(network_server, transport):
    address = getattr(network_server, f"{transport}_address")
    with Client(address, "fixed", transport=transport, timeout=300) as client:
        match = client(REFERENCE, QUERY)
    # What the graph answers on its own grid is compared by the export's tests.
    assert match.flow.shape == (40, 56, 2)
    assert match.confidence.shape == (40, 56)
