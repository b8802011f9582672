"""The client, asking servers."""

import cv2
import numpy as np
import pytest

from gocor_tf.serving import Client, ServingError
from tests.serving import exports, servers

REFERENCE, QUERY = exports.images(16, 24), exports.images(20, 16, seed=1)


@pytest.fixture(params=["grpc", "rest"])
def create(request, server):
    """Returns a function that makes a client for the server."""
    addresses = {"grpc": server.grpc_address, "rest": server.rest_address}

    def create(**options):
        options = {"model": server.model, "retries": 0, **options}
        return Client(
            addresses[request.param], transport=request.param, **options
        )

    return create


def test_arrays(create, stubs):
    with create() as client:
        match = client(REFERENCE, QUERY)
    expected = servers.outputs(
        stubs.predict(
            "serving_uint8", reference=REFERENCE[None], query=QUERY[None]
        )
    )
    np.testing.assert_array_equal(match.flow, expected["flow"][0])
    np.testing.assert_array_equal(match.confidence, expected["confidence"][0])
    np.testing.assert_array_equal(match.reference, REFERENCE)
    np.testing.assert_array_equal(match.query, QUERY)


def test_files_give_what_their_pixels_give(create, tmp_path):
    path = str(tmp_path / "query.png")
    cv2.imwrite(path, QUERY[..., ::-1])
    file = cv2.imencode(".png", REFERENCE[..., ::-1])[1].tobytes()
    with create() as client:
        by_file, by_pixel = client(file, path), client(REFERENCE, QUERY)
    np.testing.assert_array_equal(by_file.flow, by_pixel.flow)
    np.testing.assert_array_equal(by_file.query, by_pixel.query)


def test_lists_keep_their_order(create):
    references = [exports.images(8 + n, 9, seed=n) for n in range(7)]
    with create(max_concurrency=3) as client:
        matches = client(references, [QUERY] * 7)
        assert client([], []) == []
    for reference, match in zip(references, matches, strict=True):
        np.testing.assert_array_equal(match.reference, reference)
        assert match.flow.shape == (*reference.shape[:2], 2)


def test_what_the_server_refuses_is_raised(create):
    with (
        create() as client,
        pytest.raises(ServingError, match="INVALID_ARGUMENT.*query") as error,
    ):
        client([REFERENCE, REFERENCE], [QUERY, exports.images(2, 2)])
    assert error.value.code == "INVALID_ARGUMENT"


def test_another_model(create):
    with (
        create(model="other") as client,
        pytest.raises(ServingError, match="`model` must be one that") as error,
    ):
        client(REFERENCE, QUERY)
    assert error.value.code == "NOT_FOUND"


def test_another_version(create, server):
    with (
        create(version=99) as client,
        pytest.raises(
            ServingError,
            match=rf"`version` must be one of .*\[{server.version}\]",
        ),
    ):
        client.check()


def test_a_version_that_is_asked_for(own_server, create):
    with create(model="shift_all", version=2) as client:
        flow = client(REFERENCE, QUERY).flow
    np.testing.assert_array_equal(flow[..., 0], 2.0)


def test_check(create):
    with create() as client:
        client.check()
        client.check("flow_fp16")
        with pytest.raises(ServingError, match="signature 'serving_text'"):
            client.check("serving_text")
        with pytest.raises(ServingError, match="flow and confidence"):
            client.check("matches")


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_nobody_there(transport):
    address = servers.free_address()
    with (
        Client(address, transport=transport, retries=0) as client,
        pytest.raises(ServingError, match=f"{address}: UNAVAILABLE") as error,
    ):
        client(REFERENCE, QUERY)
    assert error.value.code == "UNAVAILABLE"


def test_lists_of_unequal_length():
    with (
        Client("localhost:1") as client,
        pytest.raises(ValueError, match="lists of one length.*2 images"),
    ):
        client([REFERENCE, REFERENCE], QUERY)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"address": "localhost"}, "`address` must be HOST:PORT"),
        ({"address": "http://host:1"}, "`address` must be HOST:PORT"),
        ({"model": "a/b"}, "`model` must be a name"),
        ({"version": -1}, "`version` must be >= 0"),
        ({"transport": "udp"}, "`transport` must be one of"),
        ({"timeout": 0.0}, "`timeout` must be > 0"),
        ({"retries": -1}, "`retries` must be >= 0"),
        ({"max_concurrency": 0}, "`max_concurrency` must be > 0"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        Client(**{"address": "localhost:8500", **options})
