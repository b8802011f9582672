"""Every preset: exported, and asked through the C API, gRPC and REST."""

import numpy as np
import pytest

import gocor_tf
from gocor_tf.export import sample_requests
from gocor_tf.serving import Client
from tests.export import preset_answers
from tests.serving import c_api_process, exports, servers

pytestmark = pytest.mark.slow

PAIR = sample_requests.images(1)
OTHER = {**PAIR, "query": PAIR["query"][:, ::-1, ::-1]}


def ask(server, transport):
    address = getattr(server, f"{transport}_address")
    with Client(address, "network", transport=transport, timeout=300) as client:
        match = client(PAIR["reference"][0], PAIR["query"][0])
    return {"flow": match.flow[None], "confidence": match.confidence[None]}


@pytest.mark.parametrize("preset", gocor_tf.presets())
def test_every_layer_answers_as_the_network_does(preset, tmp_path):
    model = preset_answers.load(preset)
    version = exports.write_network(model, tmp_path)
    config = servers.models_config(network=tmp_path)
    server = servers.launch(servers.CONFORMANCE, tmp_path, config)
    try:
        found = {"C API": c_api_process.ask(version, "serving_uint8", PAIR)}
        servers.wait_until_ready(server)
        found |= {name: ask(server, name) for name in ("grpc", "rest")}
    finally:
        server.stop()
    expected = preset_answers.answers(model, PAIR)
    allowed = preset_answers.tolerances(expected, preset, model, PAIR)
    for layer, answer in found.items():
        differences = preset_answers.largest_differences(expected, answer)
        for key, difference in differences.items():
            assert difference <= allowed[key], (layer, key)
    # The comparison can fail: another query has another answer.
    other = preset_answers.answers(model, OTHER)["flow"][0]
    change = np.abs(expected["flow"] - other).max()
    assert change > 10 * allowed["flow"]
