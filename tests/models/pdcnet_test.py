import os

import keras
import numpy as np
import pytest
import tensorflow as tf

from gocor_tf.models import PDCNet
from gocor_tf.ops import mixture
from tests.models.image_pairs import random_pair

SIZE = (40, 264)
SMALL = {
    "backbone": "compact",
    "width": 0.125,
    "global_gocor": {"reg_inter_dim": 2, "reg_output_dim": 2},
    "local_gocor": {"num_iterations": 2},
}


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    model = PDCNet(**SMALL)
    model.build()
    return model


def test_outputs_whatever_the_querys_size(network):
    outputs = network(random_pair((40, 264), (30, 90), batch=2))
    shapes = {name: tuple(value.shape) for name, value in outputs.items()}
    expected = {
        "flow": (2, 40, 264, 2),
        "confidence": (2, 40, 264),
        "log_variance": (2, 40, 264, 2),
        "mixture_logits": (2, 40, 264, 2),
        "correlation": (2, 16, 16, 256),
    }
    grids = {4: (16, 16), 3: (32, 32), 2: (32, 33), 1: (64, 66)}
    for level, grid in grids.items():
        for name in ("flow", "log_variance", "mixture_logits"):
            expected[f"{name}_level_{level}"] = (2, *grid, 2)
    assert shapes == expected
    assert all(np.isfinite(value).all() for value in outputs.values())


def test_confidence_is_the_probability_of_the_radius():
    keras.utils.set_random_seed(0)
    outputs = PDCNet(**SMALL, radius=3.0)(random_pair(SIZE))
    np.testing.assert_allclose(
        outputs["confidence"],
        mixture.interval_probability(
            outputs["log_variance"], outputs["mixture_logits"], 3.0
        ),
        atol=1e-6,
    )


def test_variances_are_within_the_published_bounds(network):
    for level in (4, 3, 2, 1):
        layer = getattr(network, f"mixture_{level}").uncertainty
        layer.head.bias.assign([60.0, 0.0, 0.0])
    outputs = network(random_pair(SIZE))
    for level, side in ((4, 256), (3, 256), (2, 520), (1, 520)):
        log_variance = np.asarray(outputs[f"log_variance_level_{level}"])
        assert not log_variance[..., 0].any()
        np.testing.assert_allclose(
            log_variance[..., 1], 2 * np.log(side), rtol=1e-5
        )
        layer = getattr(network, f"mixture_{level}").uncertainty
        layer.head.bias.assign([0.0, 0.0, 0.0])


def test_num_iterations_changes_the_answer_not_the_network(network):
    default = np.asarray(network(random_pair(SIZE))["flow_level_1"])
    initial = network(
        random_pair(SIZE), num_iterations={"global": 3, "local": 0}
    )
    assert np.abs(default - initial["flow_level_1"]).max() > 1e-6
    again = np.asarray(network(random_pair(SIZE))["flow_level_1"])
    np.testing.assert_array_equal(again, default)


def test_keras_file_round_trip(network, tmp_path):
    path = os.path.join(tmp_path, "network.keras")
    network.save(path)
    loaded = keras.models.load_model(path)
    assert loaded.get_config() == network.get_config()
    for name in ("flow", "confidence"):
        np.testing.assert_array_equal(
            loaded(random_pair(SIZE))[name], network(random_pair(SIZE))[name]
        )


def test_unknown_batch_and_size_trace_once(network):
    spec = tf.TensorSpec((None, None, None, 3))
    function = tf.function(
        lambda reference, query: network(
            {"reference": reference, "query": query}
        )["confidence"],
        input_signature=[spec, spec],
    )
    for size in ((33, 47), (20, 270)):
        pair = random_pair(size, size)
        np.testing.assert_allclose(
            function(**pair), network(pair)["confidence"], atol=1e-4
        )
    assert function.experimental_get_tracing_count() == 1


def test_every_weight_learns(network):
    with tf.GradientTape() as tape:
        outputs = network(random_pair((256, 256), (256, 256)), training=True)
        loss = sum(
            tf.reduce_mean(outputs[f"{name}_level_{level}"] ** 2)
            for level in (4, 3, 2, 1)
            for name in ("flow", "log_variance", "mixture_logits")
        )
    gradients = tape.gradient(loss, network.trainable_variables)
    missing = [
        variable.path
        for variable, gradient in zip(
            network.trainable_variables, gradients, strict=True
        )
        if gradient is None or not np.isfinite(gradient).all()
    ]
    assert missing == []


def test_mixed_precision_keeps_flow_and_mixture_in_float32():
    outputs = PDCNet(**SMALL, dtype="mixed_bfloat16")(random_pair(SIZE))
    dtypes = {
        keras.backend.standardize_dtype(value.dtype)
        for name, value in outputs.items()
        if name != "correlation"
    }
    assert dtypes == {"float32"}


def test_a_pyramid_for_each_resolution():
    keras.utils.set_random_seed(0)
    model = PDCNet(**SMALL, two_pyramids=True, upsampling="bilinear")
    before = model(random_pair(SIZE))
    for weight in model.pyramid.trainable_weights:
        weight.assign(0.5 * weight)
    after = model(random_pair(SIZE))
    np.testing.assert_array_equal(after["flow_level_3"], before["flow_level_3"])
    assert np.abs(after["flow_level_2"] - before["flow_level_2"]).max() > 0


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("backbone", "resnet"),
        ("global_correlation", "cosine"),
        ("local_correlation", "cosine"),
        ("upsampling", "bicubic"),
    ],
)
def test_unknown_choice_is_named(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must be one of"):
        PDCNet(**{argument: value})


def test_radius_must_be_positive():
    with pytest.raises(ValueError, match="`radius` must be > 0"):
        PDCNet(radius=0.0)


def test_missing_query_is_named(network):
    with pytest.raises(ValueError, match="`pair` must be a dict"):
        network({"reference": random_pair(SIZE)["reference"]})
