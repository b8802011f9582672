import keras
import numpy as np
import pytest
import tensorflow as tf

from gocor_tf.models import GLUNet
from tests.models.image_pairs import random_pair

SMALL = {"backbone": "compact", "decoder": "residual", "width": 0.125}
GOCOR = {
    "global_correlation": "gocor",
    "local_correlation": "gocor",
    "global_gocor": {"reg_inter_dim": 2, "reg_output_dim": 2},
    "local_gocor": {"num_iterations": 2},
}


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    model = GLUNet(**SMALL, **GOCOR, context_sees_flow=True)
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


def test_a_query_twice_as_wide_doubles_x(network):
    reference = random_pair((256, 256))["reference"]
    query = np.roll(reference, 10, axis=2)
    flow = network({"reference": reference, "query": query})["flow"]
    wide = {"reference": reference, "query": np.repeat(query, 2, axis=2)}
    # Pixel x of the query became 2 * x and 2 * x + 1.
    matches = np.arange(256) + flow[..., 0]
    expected = 2 * matches + 0.5 - np.arange(256)
    actual = network(wide)["flow"]
    np.testing.assert_allclose(actual[..., 0], expected, atol=1e-3)
    np.testing.assert_allclose(actual[..., 1], flow[..., 1], atol=1e-3)


@pytest.mark.parametrize("upsampling", ["deconvolution", "bilinear"])
def test_the_middle_of_the_small_query_is_that_of_the_large_one(upsampling):
    model = GLUNet(**SMALL, upsampling=upsampling)
    model.build()
    # Level 4 maps all to the middle; finer levels correct nothing.
    for level in (4, 3, 2, 1):
        layer = getattr(model, f"level_{level}")
        for part in ("decoding", "refinement"):
            if hasattr(layer, part):
                kernel = getattr(layer, part).head.kernel
                kernel.assign(0 * kernel)
    flow = model(random_pair((256, 520), (256, 520)))["flow"]
    x, y = np.meshgrid(np.arange(520), np.arange(256))
    matches = np.stack([x, y], axis=-1) + flow[0]
    # Borders repeat, or fade into zero.
    inside = matches[32:-32, 64:-64]
    middle = np.broadcast_to([259.5, 127.5], inside.shape)
    np.testing.assert_allclose(inside, middle, atol=1e-2)


@pytest.mark.parametrize(
    ("options", "training", "scale"),
    [
        ({}, False, 520 / 256),
        ({}, True, 1),
        ({"iterative_refinement": False}, False, 1),
    ],
)
def test_unit_of_level_3(options, training, scale):
    model = GLUNet(**SMALL, **options)
    model.build()
    head = model.level_3.refinement.head
    head.bias.assign([1000, 0])
    flow = model(random_pair((256, 520)), training=training)["flow_level_3"]
    assert flow.shape == (1, 32, 32, 2)
    np.testing.assert_allclose(flow[..., 0].numpy().mean(), 1000 * scale, 0.2)


@pytest.mark.parametrize(
    ("size", "side", "grid"),
    [
        ((256, 1080), "width", (32, 32)),
        ((256, 1090), "width", (16, 68)),
        ((1090, 256), "width", (32, 32)),
        ((1090, 256), "longer", (68, 16)),
    ],
)
def test_large_images_have_an_extra_level(size, side, grid):
    model = GLUNet(**SMALL, refined_side=side)
    flow = model(random_pair(size))["flow_level_3"]
    assert flow.shape == (1, *grid, 2)


def test_unknown_batch_and_size_trace_once():
    network = GLUNet(**SMALL)
    network.build()
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


@pytest.mark.parametrize("part", ["global", "local"])
def test_num_iterations_of_either_volume(network, part):
    pair = random_pair()
    default = np.asarray(network(pair)["flow_level_1"])
    fewer = network(pair, num_iterations={part: 0})["flow_level_1"]
    assert np.abs(default - fewer).max() > 1e-6


def test_keras_file_round_trip(network, tmp_path):
    path = tmp_path / "network.keras"
    network.save(path)
    loaded = keras.models.load_model(path)
    assert loaded.get_config() == network.get_config()
    np.testing.assert_array_equal(
        loaded(random_pair())["flow"], network(random_pair())["flow"]
    )


def test_every_weight_learns():
    model = GLUNet(**SMALL, **GOCOR, two_pyramids=True, mutual_matching=True)
    model.build()
    with tf.GradientTape() as tape:
        outputs = model(random_pair((256, 256), (256, 256)), training=True)
        loss = sum(
            tf.reduce_mean(outputs[f"flow_level_{level}"] ** 2)
            for level in (4, 3, 2, 1)
        )
    gradients = tape.gradient(loss, model.trainable_variables)
    missing = [
        variable.path
        for variable, gradient in zip(
            model.trainable_variables, gradients, strict=True
        )
        if gradient is None or not np.isfinite(gradient).all()
    ]
    assert missing == []


def test_neighbourhood_consensus_and_dense_decoders():
    model = GLUNet("compact", "nc_net", width=0.125, refinement=())
    assert model(random_pair())["flow"].shape == (1, 40, 56, 2)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("backbone", "resnet"),
        ("global_correlation", "cosine"),
        ("local_correlation", "cosine"),
        ("decoder", "unet"),
        ("upsampling", "nearest"),
        ("refined_side", "shorter"),
    ],
)
def test_unknown_choice_is_named(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must be one of"):
        GLUNet(**{argument: value})


def test_refinement_level_without_a_context_network_is_named():
    with pytest.raises(ValueError, match="`refinement` must hold levels"):
        GLUNet(refinement=(2,))
