"""Many clients at once, broken requests among them, and a server that dies."""

import collections
import concurrent.futures
import itertools
import pathlib
import threading
import time

import grpc
import numpy as np
import pytest
from absl import logging

from gocor_tf import Matcher
from gocor_tf.serving import Client
from tests.serving import exports, servers
from tests.serving.bad_input_test import CASES

pytestmark = pytest.mark.slow

NUM_CLIENTS = 16
NUM_REQUESTS = 1000
BROKEN_EVERY = 20  # 5 %.
WARM = 300  # Requests after which the server's memory has its size.
MEMORY_GROWTH = 64e6  # Bytes that a thousand leaks of one picture exceed.
TOLERANCE = 1e-4  # px.
TIMEOUT = 300  # Seconds: all clients wait for the first answers.
SIZES = [(24, 32), (32, 24), (40, 40)]
RESTART_CLIENTS = 8
RESTART_REQUESTS = 25  # Of each client.


@pytest.fixture(scope="module", params=["shift", "network"])
def model_and_folder(request):
    """A network, and the folder that its versions were exported to."""
    if request.param == "shift":
        return exports.Shift(10.0), request.getfixturevalue("shift_folder")
    version = request.getfixturevalue("network_version")
    return request.getfixturevalue("network"), version.parent


@pytest.fixture(scope="module")
def loaded_server(model_and_folder, tmp_path_factory):
    """A conformance server of the network alone."""
    folder = tmp_path_factory.mktemp("load")
    config = servers.models_config(model=model_and_folder[1])
    server = servers.launch(servers.CONFORMANCE, folder, config)
    server.model = "model"
    yield servers.wait_until_ready(server)
    server.stop()


@pytest.fixture(scope="module")
def expected(model_and_folder):
    """Pairs of images of several sizes, and the Python model's flows."""
    matcher = Matcher(model_and_folder[0], mode="direct")
    pairs = [
        (exports.images(*a, seed=i), exports.images(*b, seed=i + 9))
        for i, (a, b) in enumerate(itertools.product(SIZES, SIZES))
    ]
    return [(pair, matcher(*pair).flow) for pair in pairs]


class Load:
    """One client of several: its requests, and what became of them."""

    def __init__(self, server, expected):
        self._client = Client(
            server.grpc_address, model=server.model, timeout=TIMEOUT
        )
        self._stubs = servers.Stubs(server)
        self._expected = expected

    def send(self, number):
        """Sends a request and says what kind it was, if all is right."""
        if number % BROKEN_EVERY:
            pair, flow = self._expected[number % len(self._expected)]
            match = self._client(*pair)
            np.testing.assert_allclose(match.flow, flow, atol=TOLERANCE)
            return "good"
        cases = list(CASES.values())
        signature, inputs, _ = cases[number // BROKEN_EVERY % len(cases)]
        with pytest.raises(grpc.RpcError) as error:
            self._stubs.predict(signature, TIMEOUT, **inputs)
        assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        return "broken"


def send_all(loads, numbers):
    with concurrent.futures.ThreadPoolExecutor(NUM_CLIENTS) as pool:
        return list(pool.map(lambda n: loads[n % len(loads)].send(n), numbers))


def resident_bytes(process):
    fields = pathlib.Path(f"/proc/{process.pid}/statm").read_text().split()
    return int(fields[1]) * 4096


@pytest.mark.skipif(
    not pathlib.Path("/proc/self/statm").exists(), reason="needs Linux"
)
def test_a_thousand_requests_from_sixteen_clients(loaded_server, expected):
    loads = [Load(loaded_server, expected) for _ in range(NUM_CLIENTS)]
    outcomes = send_all(loads, range(WARM))
    before = resident_bytes(loaded_server.process)
    outcomes += send_all(loads, range(WARM, NUM_REQUESTS))
    after = resident_bytes(loaded_server.process)
    assert collections.Counter(outcomes) == {"good": 950, "broken": 50}
    assert after - before < MEMORY_GROWTH, (before, after)


def test_a_server_that_is_killed_and_comes_back(
    shift_folder, tmp_path, monkeypatch
):
    config = servers.models_config(shift=shift_folder)
    first = servers.wait_until_ready(
        servers.launch(servers.CONFORMANCE, tmp_path, config)
    )
    addresses = first.grpc_address, first.rest_address
    reports, done = [], []
    monkeypatch.setattr(
        logging, "warning", lambda text, *values: reports.append(text % values)
    )

    def work(number):
        transport = ("grpc", "rest")[number % 2]
        with Client(
            addresses[number % 2], "shift", transport=transport, retries=30
        ) as client:
            for _ in range(RESTART_REQUESTS):
                match = client(exports.images(16, 24), exports.images(20, 16))
                assert (match.flow[..., 0] == 10.0).all()
                done.append(threading.get_ident())
                time.sleep(0.05)

    second = None
    with concurrent.futures.ThreadPoolExecutor(RESTART_CLIENTS) as pool:
        work_of_all = [pool.submit(work, n) for n in range(RESTART_CLIENTS)]
        try:
            while len(done) < RESTART_CLIENTS:
                time.sleep(0.05)
            first.stop()
            at_the_kill = len(done)
            second = servers.launch(
                servers.CONFORMANCE, tmp_path, config, addresses
            )
            for future in work_of_all:
                future.result(timeout=300)
        finally:
            for server in filter(None, (first, second)):
                server.stop()
    assert at_the_kill < len(done) == RESTART_CLIENTS * RESTART_REQUESTS
    for address in addresses:
        assert any(
            f"{address}: UNAVAILABLE" in report and "attempt 1 of 31" in report
            for report in reports
        )
