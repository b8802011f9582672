import keras
import numpy as np
import pytest
import tensorflow as tf

from gocor_tf.models import GLUNet, SemanticGLUNet
from tests.models.image_pairs import random_pair

SMALL = {"backbone": "compact", "width": 0.125}


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    model = SemanticGLUNet(**SMALL)
    model.build()
    return model


def test_flow_has_the_references_size_whatever_the_querys(network):
    outputs = network(random_pair((40, 275), (30, 90), batch=2))
    shapes = {name: tuple(value.shape) for name, value in outputs.items()}
    # Pre-processed to 256 x 272.
    assert shapes == {
        "flow": (2, 40, 275, 2),
        "flow_level_4": (2, 16, 16, 2),
        "flow_level_3": (2, 32, 32, 2),
        "flow_level_2": (2, 32, 34, 2),
        "flow_level_1": (2, 64, 68, 2),
        "correlation": (2, 16, 16, 256),
    }
    assert all(np.isfinite(value).all() for value in outputs.values())


def test_a_query_twice_as_high_doubles_y(network):
    reference = random_pair((256, 256))["reference"]
    query = np.roll(reference, 10, axis=1)
    flow = network({"reference": reference, "query": query})["flow"]
    high = {"reference": reference, "query": np.repeat(query, 2, axis=1)}
    # Pixel y of the query became 2 * y and 2 * y + 1.
    rows = np.arange(256)[:, None]
    expected = 2 * (rows + flow[..., 1]) + 0.5 - rows
    actual = network(high)["flow"]
    np.testing.assert_allclose(actual[..., 1], expected, atol=1e-3)
    np.testing.assert_allclose(actual[..., 0], flow[..., 0], atol=1e-3)


def test_volumes_see_the_features_of_coarser_levels(network, monkeypatch):
    channels = {}
    for name in ("global_volume", "local_volume"):
        layer = getattr(network, name)

        def call(reference, query, name=name, call=layer.call, **kwargs):
            channels.setdefault(name, []).append(reference.shape[-1])
            return call(reference, query, **kwargs)

        monkeypatch.setattr(layer, "call", call)
    network(random_pair())
    # 128 channels at 1/32 and 1/16, 64 at 1/8, 32 at 1/4.
    assert channels == {
        "global_volume": [128 + 128],
        "local_volume": [64 + 128 + 128, 64, 32],
    }


def test_height_asks_for_an_extra_level_too(network):
    outputs = network(random_pair((1090, 256)))
    assert outputs["flow_level_3"].shape == (1, 68, 16, 2)


def test_unknown_batch_and_size_trace_once(network):
    spec = tf.TensorSpec((None, None, None, 3))
    function = tf.function(
        lambda reference, query: network(
            {"reference": reference, "query": query}
        ),
        input_signature=[spec, spec],
    )
    for size in ((33, 47), (260, 1090)):
        pair = random_pair(size, (64, 80))
        outputs = function(**pair)
        for name, expected in network(pair).items():
            assert outputs[name].shape == expected.shape
            np.testing.assert_allclose(outputs[name], expected, atol=1e-2)
    assert function.experimental_get_tracing_count() == 1


def test_keras_file_round_trip(network, tmp_path):
    path = tmp_path / "network.keras"
    network.save(path)
    loaded = keras.models.load_model(path)
    assert loaded.get_config() == network.get_config()
    np.testing.assert_array_equal(
        loaded(random_pair())["flow"], network(random_pair())["flow"]
    )


def test_num_iterations_has_no_effect(network):
    pair = random_pair()
    np.testing.assert_array_equal(
        network(pair, num_iterations=7)["flow"], network(pair)["flow"]
    )


def test_it_is_glunet_with_neighbourhood_consensus():
    """Only the consensus has weights that a GLU-Net has not (A.2)."""
    semantic = SemanticGLUNet(**SMALL)
    glunet = GLUNet(**SMALL, global_correlation="nc_net")
    for model in (semantic, glunet):
        model.build()
    assert semantic.count_params() == glunet.count_params()


def test_unknown_backbone_is_named():
    with pytest.raises(ValueError, match="`backbone` must be one of"):
        SemanticGLUNet(backbone="resnet")
