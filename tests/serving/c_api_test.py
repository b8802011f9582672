"""An exported network through TensorFlow's C API, against the Python model.

The C API loads a SavedModel as servers do. `presets_test.py` runs it in a
process that imports neither TensorFlow's Python package nor Keras.
"""

import cv2
import numpy as np
import pytest
from tensorflow.core.protobuf import meta_graph_pb2

from gocor_tf import Matcher
from tests.serving import c_api, exports

REFERENCE, QUERY = exports.images(40, 56), exports.images(64, 33, seed=1)
TOLERANCE = 1e-4  # px.


def inputs(signature):
    if signature == "serving_bytes":
        return {
            name: np.array(
                [cv2.imencode(".png", image[..., ::-1])[1].tobytes()], object
            )
            for name, image in (("reference", REFERENCE), ("query", QUERY))
        }
    dtype = np.float32 if signature == "serving_default" else np.uint8
    return {
        "reference": REFERENCE[None].astype(dtype),
        "query": QUERY[None].astype(dtype),
    }


def run(session, signature, arrays):
    graph = meta_graph_pb2.MetaGraphDef.FromString(session.meta_graph)
    definition = graph.signature_def[signature]
    names = sorted(definition.outputs)
    results = session.run(
        {definition.inputs[n].name: a for n, a in arrays.items()},
        [definition.outputs[n].name for n in names],
    )
    return dict(zip(names, results, strict=True))


@pytest.fixture(scope="module")
def session(shift_folder):
    return c_api.Session(shift_folder / "10")


@pytest.mark.parametrize(
    "signature", ["serving_default", "serving_uint8", "serving_bytes"]
)
def test_shift(session, signature):
    outputs = run(session, signature, inputs(signature))
    np.testing.assert_array_equal(outputs["flow"][..., 0], 10.0)
    assert outputs["flow"].shape == (1, 40, 56, 2)


def test_errors_have_the_codes_of_servers(session):
    arrays = inputs("serving_uint8")
    arrays["query"] = arrays["query"][:, :1]
    with pytest.raises(c_api.StatusError, match="query") as error:
        run(session, "serving_uint8", arrays)
    assert error.value.code == 3
    with pytest.raises(c_api.StatusError) as error:
        run(session, "serving_default", inputs("serving_uint8"))
    assert error.value.code == 3


def test_a_folder_without_a_network(tmp_path):
    with pytest.raises(c_api.StatusError, match="SavedModel") as error:
        c_api.Session(tmp_path)
    assert error.value.code == 5


@pytest.mark.slow
@pytest.mark.parametrize(
    "signature", ["serving_default", "serving_uint8", "serving_bytes"]
)
def test_network_equals_the_python_model(network, network_version, signature):
    match = Matcher(network, mode="direct")(REFERENCE, QUERY)
    session = c_api.Session(network_version)
    outputs = run(session, signature, inputs(signature))
    np.testing.assert_allclose(outputs["flow"][0], match.flow, atol=TOLERANCE)
    np.testing.assert_allclose(
        outputs["confidence"][0], match.confidence, atol=TOLERANCE
    )
