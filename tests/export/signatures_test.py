"""The signatures of an exported network, as a server calls them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gocor_tf import models
from gocor_tf.export import signatures
from tests.export import networks
from tests.export.picture_bytes import images, jpeg_that_claims, png_files

NAMES = {
    "serving_default": tf.float32,
    "serving_uint8": tf.uint8,
    "serving_bytes": tf.string,
    "flow_fp16": tf.uint8,
    "matches": tf.uint8,
}
OPTIONS = signatures.Options(max_matches=20)
STRETCHED = signatures.Options(size=(16, 24), max_matches=20)


def load(network, options, folder):
    archive = signatures.export_archive(network, options)
    archive.write_out(str(folder), verbose=False)
    return tf.saved_model.load(str(folder))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    network = networks.create(networks.ConstantShift)
    # Its variables live as long as what was loaded does.
    loaded = load(network, OPTIONS, tmp_path_factory.mktemp("shift"))
    yield loaded.signatures


@pytest.fixture(scope="module")
def served_stretched(tmp_path_factory):
    network = networks.create(networks.SureShift)
    loaded = load(network, STRETCHED, tmp_path_factory.mktemp("stretched"))
    yield loaded.signatures


@pytest.mark.parametrize("name, dtype", NAMES.items())
def test_names_and_unknown_sizes(served, name, dtype):
    assert set(served) == set(NAMES)
    _, inputs = served[name].structured_input_signature
    dims = [None] if name == "serving_bytes" else [None, None, None, 3]
    for key in ("reference", "query"):
        assert inputs.pop(key) == tf.TensorSpec(dims, dtype, key)
    assert not inputs


def test_dense_outputs(served):
    for name in ("serving_default", "serving_uint8", "serving_bytes"):
        outputs = served[name].structured_outputs
        assert outputs == {
            "flow": tf.TensorSpec((None, None, None, 2), name="flow"),
            "confidence": tf.TensorSpec((None,) * 3, name="confidence"),
        }


def test_confidence_is_that_of_the_way_there_and_back(served):
    answer = served["serving_uint8"](
        reference=images(1, 8, 10), query=images(1, 8, 10)
    )
    # There and back end 4 px to the right of the start, in 10 px of width:
    # 102.4 of 256. The last two columns match nothing.
    assert answer["confidence"].shape == (1, 8, 10)
    np.testing.assert_allclose(
        answer["confidence"][0, :, :8], 1 / (1 + 102.4), rtol=1e-5
    )
    np.testing.assert_array_equal(answer["confidence"][0, :, 8:], 0)


def test_floats_and_files_give_what_their_pixels_give(served):
    reference, query = images(3, 8, 10), images(3, 12, 9, seed=1)
    by_pixel = served["serving_uint8"](reference=reference, query=query)
    by_float = served["serving_default"](
        reference=reference.astype(np.float32), query=query.astype(np.float32)
    )
    by_file = served["serving_bytes"](
        reference=png_files(reference), query=png_files(query)
    )
    for name, value in by_pixel.items():
        np.testing.assert_array_equal(by_float[name], value)
        np.testing.assert_array_equal(by_file[name], value)


def test_16_bits_lose_what_they_must(tmp_path):
    network = networks.create(networks.ConstantShift, (1500.3, 0.3))
    answers = signatures.answers(network, OPTIONS)
    pair = images(1, 8, 10), images(1, 8, 10)
    answer = tf.function(answers["flow_fp16"][0])(*pair)
    assert {v.dtype for v in answer.values()} == {tf.float16}
    flow = tf.cast(answer["flow"], tf.float32)[0, 0, 0]
    error = np.abs(flow - np.array([1500.3, 0.3]))
    # Half a step: steps are 1 px from 1024 px on, 2**-12 px from 1/4 px on.
    assert 0 < error[0] <= 0.5
    assert 0 < error[1] <= 2**-13


def test_matches_have_a_fixed_number(served):
    answer = served["matches"](
        reference=images(2, 16, 16), query=images(2, 16, 16)
    )
    assert answer["confidence"].shape == (2, 20)
    found = answer["confidence"].numpy() > 0
    motion = answer["query_xy"] - answer["reference_xy"]
    np.testing.assert_array_equal(motion[found], [(2, 0)] * found.sum())
    outputs = served["matches"].structured_outputs
    assert outputs["reference_xy"].shape.as_list() == [None, 20, 2]


def test_confidence_is_the_networks_own_where_it_gives_one(served_stretched):
    answer = served_stretched["serving_uint8"](
        reference=images(1, 8, 10), query=images(1, 9, 8)
    )
    assert answer.keys() == {
        "flow",
        "confidence",
        "reference_size",
        "query_size",
    }
    np.testing.assert_array_equal(answer["confidence"], np.ones((1, 16, 24)))


def test_flow_of_stretched_pictures_is_in_original_pixels(served_stretched):
    reference = tf.stack(
        [*png_files(images(1, 32, 48)), *png_files(images(1, 48, 48))]
    )
    query = tf.stack(
        [*png_files(images(1, 32, 48)), *png_files(images(1, 16, 96))]
    )
    answer = served_stretched["serving_bytes"](reference=reference, query=query)
    np.testing.assert_array_equal(
        answer["reference_size"], [(32, 48), (48, 48)]
    )
    np.testing.assert_array_equal(answer["query_size"], [(32, 48), (16, 96)])
    assert answer["flow"].shape == (2, 16, 24, 2)
    # 2 px of 24 are 4 of 48. Of the second pair, column 0 of the grid lies at
    # x = 0.5 of the reference and its match, column 2, at 9.5 of the query.
    np.testing.assert_allclose(answer["flow"][0], np.full((16, 24, 2), (4, 0)))
    np.testing.assert_allclose(answer["flow"][1, 0, 0], (9.5 - 0.5, 0 - 1))


def test_matches_of_stretched_pictures_are_in_original_pixels(served_stretched):
    answer = served_stretched["matches"](
        reference=images(1, 32, 48), query=images(1, 32, 48)
    )
    found = answer["confidence"].numpy() > 0
    motion = answer["query_xy"] - answer["reference_xy"]
    np.testing.assert_allclose(motion[found], [(4, 0)] * found.sum())


def test_batch_length_of_every_output_is_that_of_the_input(served_stretched):
    """The server's batching splits outputs along their first axis."""
    for name in NAMES.keys() - {"serving_bytes"}:
        dtype = NAMES[name].as_numpy_dtype
        pair = [images(3, 16, 16).astype(dtype)] * 2
        answer = served_stretched[name](reference=pair[0], query=pair[1])
        assert {len(value) for value in answer.values()} == {3}


@pytest.mark.parametrize("role", ["reference", "query"])
def test_bad_file_names_its_input(served, role):
    files = {"reference": png_files(images(1, 8, 10))}
    files["query"] = files["reference"]
    for bad, message in (
        (b"text", f"`{role}` must hold JPEG, PNG or still WebP"),
        (jpeg_that_claims(20_000, 20_000), f"`{role}` must hold at most"),
        (jpeg_that_claims(16, 16)[:-9], f"{role}_must_hold_complete_files"),
    ):
        request = {**files, role: tf.constant([bad])}
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            served["serving_bytes"](**request)


@pytest.mark.parametrize("name", NAMES)
def test_requests_that_are_refused(served, name):
    def request(number, value=0):
        if name == "serving_bytes":
            return png_files(images(number, 8, 8))
        return tf.cast(tf.fill((number, 8, 8, 3), value), NAMES[name])

    for numbers, message in (
        ((1, 2), "same number of pictures"),
        ((0, 0), "must hold 1 to 16 pictures"),
        ((17, 17), "must hold 1 to 16 pictures"),
    ):
        if name == "serving_bytes" and 0 in numbers:
            continue
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            served[name](
                reference=request(numbers[0]), query=request(numbers[1])
            )


def test_values_that_are_not_finite_are_refused(served):
    query = np.full((1, 8, 10, 3), np.nan, np.float32)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="`query` must be finite"
    ):
        served["serving_default"](reference=np.zeros_like(query), query=query)


def test_graph_asks_for_no_compiler(served):
    graph = served["serving_bytes"].graph.as_graph_def()
    functions = graph.library.function
    nodes = [n for function in functions for n in function.node_def]
    assert len(nodes) > 100
    for node in [*nodes, *graph.node]:
        assert not node.attr["_XlaMustCompile"].b
    for function in functions:
        assert not function.attr["_XlaMustCompile"].b


@pytest.mark.parametrize(
    "options, name",
    [({"size": (480, 7)}, "size"), ({"max_matches": 0}, "max_matches")],
)
def test_options_that_cannot_be(options, name):
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        signatures.Options(**options)


@pytest.mark.slow
def test_pdcnet_answers_with_its_probability(tmp_path):
    keras.utils.set_random_seed(0)
    network = models.PDCNet(backbone="compact", width=0.125)
    network.build()
    served = load(network, OPTIONS, tmp_path)
    pair = {"reference": images(1, 40, 56), "query": images(1, 30, 60, 1)}
    np.testing.assert_allclose(
        served.signatures["serving_uint8"](**pair)["confidence"],
        network(pair)["confidence"],
        atol=1e-4,
    )
