"""Networks exported here that answer in TensorFlow 2.15."""

import numpy as np
import pytest

from gocor_tf.export import sample_requests
from tests import richest_presets
from tests.export import preset_answers
from tests.serving import exports

pytestmark = pytest.mark.addons

DTYPES = {
    "serving_default": "float32",
    "serving_uint8": "uint8",
    "serving_bytes": "string",
    "flow_fp16": "uint8",
    "matches": "uint8",
}
DENSE = [name for name in DTYPES if name != "matches"]


@pytest.fixture(scope="module")
def request_of():
    """Returns the request by the type of its images."""
    pair = sample_requests.images(batch_size=1)
    return {
        dtype: {
            name: value.numpy()
            for name, value in sample_requests.as_dtype(pair, dtype).items()
        }
        for dtype in ("float32", "uint8", "string")
    }


@pytest.fixture(scope="module", params=richest_presets.NAMES)
def answers(request, request_of, tmp_path_factory, run_there):
    """Returns the answers there, those of the network here, and tolerances."""
    folder = tmp_path_factory.mktemp(request.param)
    model = preset_answers.load(request.param)
    version = exports.write_network(model, folder)
    inputs = {
        f"{dtype}/{name}": value.astype(bytes) if dtype == "string" else value
        for dtype, pair in request_of.items()
        for name, value in pair.items()
    }
    np.savez(folder / "request.npz", **inputs)
    run_there(
        "answers.py", folder / "request.npz", folder / "answers.npz", version
    )
    pair = request_of["float32"]
    here = preset_answers.answers(model, pair)
    tolerances = preset_answers.tolerances(here, request.param, model, pair)
    return dict(np.load(folder / "answers.npz")), here, tolerances


def test_every_signature_is_there(answers):
    there, *_ = answers
    assert {name.partition("/")[0] for name in there} == set(DTYPES)


@pytest.mark.parametrize("output", ["flow", "confidence"])
@pytest.mark.parametrize("signature", DENSE)
def test_answers_there_are_the_networks(answers, signature, output):
    there, here, tolerances = answers
    answer = there[f"{signature}/{output}"]
    # 16 bits may differ in the last one.
    rtol = 2**-10 if answer.dtype == np.float16 else 0
    differences = np.abs(here[output] - answer.astype(np.float32))
    allowed = tolerances[output] + rtol * np.abs(here[output])
    excess = (differences - allowed).min(axis=0)
    assert excess.max() <= 0


def test_strongest_matches_lie_on_the_flow(answers):
    there, _, tolerances = answers
    confidence = there["matches/confidence"][0]
    found = confidence > 0
    assert found.any() and (np.diff(confidence) <= 0).all()
    reference_xy = there["matches/reference_xy"][0][found]
    x, y = reference_xy.astype(int).T
    np.testing.assert_allclose(
        there["matches/query_xy"][0][found] - reference_xy,
        there["serving_uint8/flow"][0, y, x],
        atol=tolerances["flow"],
    )
    np.testing.assert_allclose(
        confidence[found],
        there["serving_uint8/confidence"][0, y, x],
        atol=tolerances["confidence"],
    )
