import math

import keras
import numpy as np
import pytest

from gocor_tf.data import pictures
from gocor_tf.matcher import Matcher
from gocor_tf.models import BaseNet, PDCNet, PWCNet
from gocor_tf.ops import consistency, mixture, stretched_flow

RNG = np.random.default_rng(0)
REFERENCE = RNG.integers(0, 255, (40, 56, 3), np.uint8)
QUERY = RNG.integers(0, 255, (40, 56, 3), np.uint8)
LARGE_QUERY = RNG.integers(0, 255, (64, 72, 3), np.uint8)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    model = BaseNet(backbone="compact", decoder="residual", width=0.125)
    model.build()
    return model


@pytest.fixture(scope="module")
def matcher(network):
    return Matcher(network, mode="direct")


def _flow(network, reference, query):
    pair = {"reference": reference[None], "query": query[None]}
    return keras.ops.convert_to_numpy(network(pair, training=False)["flow"])


@pytest.mark.parametrize("query", [QUERY, LARGE_QUERY])
def test_flow_is_the_networks(matcher, network, query):
    match = matcher(REFERENCE, query)
    flow = _flow(network, REFERENCE, query)
    backward = _flow(network, query, REFERENCE)
    confidence = consistency.forward_backward_confidence(flow, backward)
    assert match.flow.dtype == match.confidence.dtype == np.float32
    np.testing.assert_allclose(match.flow, flow[0], atol=1e-3)
    np.testing.assert_allclose(
        match.confidence, np.asarray(confidence)[0], atol=1e-3
    )


def test_a_network_is_traced_once_for_all_sizes(matcher):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf.function")
    for size in (1, 17, 30):
        matcher(REFERENCE[:size], QUERY[:size])
        matcher(REFERENCE[:size], QUERY)
    assert matcher._network._run.experimental_get_tracing_count() == 1


def test_paths_lists_and_arrays_agree(matcher, tmp_path):
    pictures.write_png(tmp_path / "reference.png", REFERENCE)
    single = matcher(REFERENCE, QUERY)
    matches = matcher(
        [tmp_path / "reference.png", REFERENCE.astype("float32")],
        (QUERY, QUERY),
    )
    for match in matches:
        np.testing.assert_array_equal(match.flow, single.flow)
        np.testing.assert_array_equal(match.reference, REFERENCE)
        np.testing.assert_array_equal(match.query, QUERY)


def test_size_answers_at_the_original_size(network, matcher):
    enlarged = np.repeat(np.repeat(REFERENCE, 2, axis=0), 3, axis=1)
    small = matcher(REFERENCE, QUERY)
    match = Matcher(network, mode="direct", size=(40, 56))(enlarged, QUERY)
    expected = stretched_flow.unstretch_flow(
        small.flow[None], (40, 56), (80, 168), (40, 56)
    )
    np.testing.assert_allclose(match.flow, expected[0], atol=1e-3)
    assert match.confidence.shape == (80, 168)
    assert match.reference.shape == (80, 168, 3)


def test_networks_own_confidence_is_used():
    class Sure(keras.Model):
        def call(self, pair, training=None):
            flow = keras.ops.zeros_like(pair["reference"][..., :2])
            return {"flow": flow, "confidence": flow[..., 0] + 0.25}

    match = Matcher(Sure())(REFERENCE, QUERY)
    np.testing.assert_array_equal(match.confidence, np.full((40, 56), 0.25))


@pytest.mark.parametrize(
    ("number", "expected"),
    [(None, 3), (0, 0), ({"global": 2, "local": 7}, 9)],
)
def test_iterations_are_the_callers(number, expected):
    class Counting(keras.Model):
        def call(self, pair, training=None, num_iterations=3):
            if isinstance(num_iterations, dict):
                num_iterations = sum(num_iterations.values())
            flow = keras.ops.zeros_like(pair["reference"][..., :2])
            return {"flow": flow + num_iterations}

    matcher = Matcher(Counting(), num_iterations=number)
    assert matcher.num_iterations == number
    assert (matcher(REFERENCE, QUERY).flow == expected).all()


@pytest.mark.parametrize("batch_size", [1, 2])
def test_confidence_is_about_pixels_of_the_query_at_any_size(batch_size):
    class Mixed(keras.Model):
        radius = 5.0

        def call(self, pair, training=None):
            flow = keras.ops.zeros_like(pair["reference"][..., :2])
            return {"flow": flow, "log_variance": flow, "mixture_logits": flow}

    options = {"mode": "direct", "batch_size": batch_size}
    for size, radius in ((None, 5), ((20, 28), 2.5), ((10, 14), 1.25)):
        matches = Matcher(Mixed(), size, **options)(
            [REFERENCE] * 2, [QUERY] * 2
        )
        expected = mixture.interval_probability(
            np.zeros((1, 2)), np.zeros((1, 2)), radius
        )
        for match in matches:
            np.testing.assert_allclose(
                match.confidence, np.full((40, 56), expected), rtol=1e-5
            )


@pytest.mark.parametrize("mode", ["direct", "alignment"])
def test_pairs_that_fit_are_seen_whole(network, mode):
    large = RNG.integers(0, 255, (256, 256, 3), np.uint8)
    matches = [
        Matcher(network, mode=mode, max_pixels=limit)(large, LARGE_QUERY)
        for limit in (256**2, math.inf)
    ]
    for name in ("flow", "confidence"):
        np.testing.assert_array_equal(*(getattr(m, name) for m in matches))


@pytest.mark.parametrize("batch_size", [1, 2])
def test_larger_pairs_are_seen_in_tiles(network, monkeypatch, batch_size):
    matcher = Matcher(
        network, mode="direct", max_pixels=256**2, batch_size=batch_size
    )
    seen = []
    run = matcher._network.match

    def match(*images):
        seen.extend(math.prod(image.shape[:3]) for image in images)
        return run(*images)

    monkeypatch.setattr(matcher._network, "match", match)
    large = np.tile(REFERENCE, (8, 7, 1))
    for match in matcher([large] * 2, [large] * 2):
        assert match.flow.shape == (320, 392, 2)
        assert np.isfinite(match.flow).all()
        assert 0 <= match.confidence.min() <= match.confidence.max() <= 1
    assert seen and max(seen) <= 256**2


def test_heavy_networks_see_fewer_pixels_by_default(network):
    assert Matcher(network).max_pixels == 2**20
    for model, expected in (
        (PDCNet(width=0.125, backbone="compact"), 2**21),
        (PDCNet(width=0.125), 2**20),
        (PWCNet(width=0.125), 2**19),
    ):
        model.build()
        assert Matcher(model).max_pixels == expected


@pytest.mark.parametrize("number", [0, 65535, -1, math.nan, 1e6, "100000"])
def test_bad_max_pixels(network, number):
    with pytest.raises(
        ValueError, match="`max_pixels` must be an integer >= 655"
    ):
        Matcher(network, max_pixels=number)


@pytest.mark.parametrize("size", [(0, 5), (5,)])
def test_bad_size(network, size):
    with pytest.raises(ValueError, match="`size` must be"):
        Matcher(network, mode="direct", size=size)


@pytest.mark.parametrize(
    ("reference", "query"),
    [([REFERENCE], [QUERY, QUERY]), (REFERENCE, [QUERY])],
)
def test_lists_of_different_length(matcher, reference, query):
    with pytest.raises(ValueError, match="lists of one length"):
        matcher(reference, query)


def test_bad_images_are_named(matcher):
    with pytest.raises(ValueError, match="`query` must be an RGB image"):
        matcher(REFERENCE, QUERY[..., :2])


@pytest.mark.parametrize(
    ("network_class", "mode"), [(PDCNet, "multi_scale"), (PWCNet, "alignment")]
)
def test_any_network_runs_in_any_mode(network_class, mode):
    options = {} if network_class is PWCNet else {"backbone": "compact"}
    model = network_class(width=0.125, **options)
    model.build()
    match = Matcher(model, mode=mode)(REFERENCE, LARGE_QUERY)
    assert match.flow.shape == (40, 56, 2)
    assert np.isfinite(match.flow).all()
    assert match.confidence.min() >= 0 and match.confidence.max() <= 1


def test_bad_mode(network):
    with pytest.raises(ValueError, match=r"`mode` must be one of .*'nearest'"):
        Matcher(network, mode="nearest")


def test_the_default_mode_depends_on_the_network(network):
    assert Matcher(network).mode == "alignment"
    model = PWCNet(width=0.125)
    model.build()
    assert Matcher(model).mode == "direct"


def test_batches_give_the_matches_of_single_pairs(network):
    batches = Matcher(network, mode="direct", batch_size=2)
    references = [REFERENCE, REFERENCE[::-1], REFERENCE, REFERENCE]
    queries = [QUERY, QUERY, LARGE_QUERY, QUERY]
    matches = batches(references, queries)
    single = Matcher(network, mode="direct")
    for match, expected in zip(
        matches, single(references, queries), strict=True
    ):
        np.testing.assert_allclose(match.flow, expected.flow, atol=1e-3)
        np.testing.assert_allclose(
            match.confidence, expected.confidence, atol=1e-3
        )


def test_batches_of_stretched_images(network):
    options = {"size": (24, 32), "mode": "direct"}
    queries = [QUERY, QUERY[::-1]]
    matches = Matcher(network, **options, batch_size=2)(
        [REFERENCE] * 2, queries
    )
    expected = Matcher(network, **options)(REFERENCE, queries[1])
    np.testing.assert_allclose(matches[1].flow, expected.flow, atol=1e-3)


@pytest.mark.parametrize(
    "options", [{"batch_size": 0}, {"batch_size": 2, "mode": "alignment"}]
)
def test_batches_are_of_one_pass(network, options):
    with pytest.raises(ValueError, match="`batch_size` must be > 0, and 1 un"):
        Matcher(network, **options)
