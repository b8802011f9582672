import os

import keras
import numpy as np
import pytest
import tensorflow as tf

from gocor_tf.models import BaseNet
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
    model = BaseNet(**SMALL, **GOCOR, refinement=(2, 3))
    model.build()
    return model


def test_flow_has_the_references_size_whatever_the_querys(network):
    outputs = network(random_pair((40, 56), (30, 90), batch=2))
    shapes = {name: tuple(value.shape) for name, value in outputs.items()}
    assert shapes == {
        "flow": (2, 40, 56, 2),
        "flow_level_4": (2, 16, 16, 2),
        "flow_level_3": (2, 32, 32, 2),
        "flow_level_2": (2, 64, 64, 2),
        "correlation": (2, 16, 16, 256),
    }
    assert all(np.isfinite(value).all() for value in outputs.values())


def test_uint8_and_float_images_agree(network):
    pair = {
        name: np.round(image).astype("uint8")
        for name, image in random_pair().items()
    }
    as_float = {name: image.astype("float32") for name, image in pair.items()}
    np.testing.assert_array_equal(
        network(pair)["flow"], network(as_float)["flow"]
    )


def test_num_iterations_changes_the_answer_not_the_network(network):
    pair = random_pair()
    default = np.asarray(network(pair)["flow_level_2"])
    initial = np.asarray(network(pair, num_iterations=0)["flow_level_2"])
    assert np.abs(default - initial).max() > 1e-6
    again = np.asarray(network(pair)["flow_level_2"])
    np.testing.assert_array_equal(again, default)


def test_keras_file_round_trip(network, tmp_path):
    path = os.path.join(tmp_path, "network.keras")
    network.save(path)
    loaded = keras.models.load_model(path)
    assert loaded.get_config() == network.get_config()
    np.testing.assert_array_equal(
        loaded(random_pair())["flow"], network(random_pair())["flow"]
    )


def test_unknown_batch_and_size_trace_once(network):
    spec = tf.TensorSpec((None, None, None, 3))
    function = tf.function(
        lambda reference, query: network(
            {"reference": reference, "query": query}
        )["flow"],
        input_signature=[spec, spec],
    )
    for size in ((33, 47), (64, 20)):
        pair = random_pair(size, size)
        np.testing.assert_allclose(
            function(**pair), network(pair)["flow"], atol=1e-3
        )
    assert function.experimental_get_tracing_count() == 1


def test_every_weight_learns(network):
    with tf.GradientTape() as tape:
        outputs = network(random_pair((256, 256), (256, 256)), training=True)
        loss = sum(
            tf.reduce_mean(outputs[f"flow_level_{level}"] ** 2)
            for level in (2, 3, 4)
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


def test_mixed_precision_keeps_flows_in_float32():
    model = BaseNet(**SMALL, **GOCOR, dtype="mixed_bfloat16")
    outputs = model(random_pair())
    flows = [value for name, value in outputs.items() if "flow" in name]
    assert {keras.backend.standardize_dtype(f.dtype) for f in flows} == {
        "float32"
    }


@pytest.mark.parametrize("decoder", ["dense", "residual"])
def test_published_backbone_with_either_decoder(decoder):
    model = BaseNet(decoder=decoder, width=0.125)
    assert model(random_pair())["flow"].shape == (1, 40, 56, 2)


_PUBLISHED_QUERY_OBJECTIVE = {"reg_inter_dim": 16, "reg_output_dim": 16}


# The rows of Table 6 of the GOCor paper, and how many parameters each has
# more than row (I). Features have 128 channels here.
@pytest.mark.parametrize(
    ("arguments", "parameters"),
    [
        pytest.param({}, 0, id="I BaseNet"),
        pytest.param(
            {"global_correlation": "nc_net"},
            3**4 * (10 + 10 * 10 + 10) + 10 + 10 + 1,
            id="II NC-Net",
        ),
        pytest.param(
            {
                "global_correlation": "gocor",
                "global_gocor": {
                    "reference_objective": "regression",
                    "query_objective": False,
                },
            },
            2 * 128 + 2,
            id="III linear regression",
        ),
        pytest.param(
            {
                "global_correlation": "gocor",
                "global_gocor": {"query_objective": False},
            },
            2 * 128 + 2 + 3 * 10,
            id="IV reference objective",
        ),
        pytest.param(
            {
                "global_correlation": "gocor",
                "global_gocor": _PUBLISHED_QUERY_OBJECTIVE,
            },
            2 * 128 + 2 + 3 * 10 + 3**2 * (16 + 16 * 16),
            id="V query objective",
        ),
        pytest.param(
            {
                "global_correlation": "gocor",
                "global_gocor": _PUBLISHED_QUERY_OBJECTIVE,
                "local_correlation": "gocor",
            },
            2 * 128 + 2 + 3 * 10 + 3**2 * (16 + 16 * 16) + 3 + 3 * 10,
            id="VI local GOCor",
        ),
    ],
)
def test_rows_of_the_ablation_are_constructor_calls(arguments, parameters):
    model, first_row = BaseNet(**SMALL, **arguments), BaseNet(**SMALL)
    flow = model(random_pair())["flow"]
    assert np.isfinite(flow).all()
    first_row.build()
    assert model.count_params() - first_row.count_params() == parameters


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("backbone", "resnet"),
        ("global_correlation", "cosine"),
        ("local_correlation", "cosine"),
        ("decoder", "unet"),
    ],
)
def test_unknown_choice_is_named(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must be one of"):
        BaseNet(**{argument: value})


def test_refinement_level_without_a_context_network_is_named():
    with pytest.raises(ValueError, match="`refinement` must hold levels"):
        BaseNet(refinement=(4,))
