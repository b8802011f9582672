"""Servers of two small networks, started once.

The tests of the contract run against each server there is: the conformance
server always, `tensorflow_model_server` where it is on the PATH, and one that
runs already where GOCOR_SERVING_ADDRESS=HOST:PORT (gRPC), GOCOR_SERVING_REST=
HOST:PORT and GOCOR_SERVING_MODEL=NAME/VERSION say so: any network written by
gocor-export, if VERSION is the only one that is served.
"""

import os

import pytest

from tests.serving import exports, servers
from tests.trainers.conftest import run_command

__all__ = ["run_command"]


@pytest.fixture(scope="session")
def shift_folder(tmp_path_factory):
    """Returns a model's folder: version 2 shifts by 2 px, 10 by 10 px."""
    folder = tmp_path_factory.mktemp("shift")
    exports.write_shift(folder)
    return folder


@pytest.fixture(scope="session")
def network():
    """Returns an untrained network."""
    return exports.small_network()


@pytest.fixture(scope="session")
def network_version(network, tmp_path_factory):
    """Returns the version directory of that network."""
    return exports.write_network(network, tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="session")
def conformance(shift_folder, tmp_path_factory):
    """Returns the conformance server of the shifting networks."""
    folder = tmp_path_factory.mktemp("conformance")
    yield from _run(servers.CONFORMANCE, folder, shift_folder)


@pytest.fixture(scope="session")
def stock(shift_folder, tmp_path_factory):
    """Returns the stock server of the shifting networks."""
    command = servers.stock_command()
    if command is None:
        pytest.skip(f"{servers.STOCK} is not on the PATH")
    yield from _run(command, tmp_path_factory.mktemp("stock"), shift_folder)


@pytest.fixture(scope="session")
def address():
    """Returns the server that the environment names."""
    if "GOCOR_SERVING_ADDRESS" not in os.environ:
        pytest.skip("GOCOR_SERVING_ADDRESS is not set")
    model, _, version = os.environ["GOCOR_SERVING_MODEL"].partition("/")
    return servers.Server(
        os.environ["GOCOR_SERVING_ADDRESS"],
        os.environ["GOCOR_SERVING_REST"],
        model,
        int(version),
    )


@pytest.fixture(params=["conformance", "stock", "address"])
def server(request):
    """Returns each server that there is."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def own_server(server):
    """Returns each server that serves the shifting networks."""
    if server.process is None:
        pytest.skip("needs the networks of the tests")
    return server


@pytest.fixture
def stubs(server):
    """Returns the generated stubs for the server."""
    stubs = servers.Stubs(server)
    yield stubs
    stubs.channel.close()


def _run(command, folder, shift_folder):
    config = servers.models_config(shift=shift_folder, shift_all=shift_folder)
    server = servers.wait_until_ready(servers.launch(command, folder, config))
    server.model, server.version = "shift", 10
    yield server
    server.stop()
