import keras
import numpy as np
import pytest
import tensorflow as tf

from gocor_tf.models import PWCNet
from tests.models.image_pairs import random_pair

LEVELS = (6, 5, 4, 3, 2)
GOCOR = {"local_correlation": "gocor", "local_gocor": {"num_iterations": 2}}


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    model = PWCNet(width=0.125, **GOCOR)
    model.build()
    return model


def test_flow_has_the_references_size_whatever_the_querys(network):
    outputs = network(random_pair((40, 70), (30, 90), batch=2))
    shapes = {name: tuple(value.shape) for name, value in outputs.items()}
    assert shapes == {
        "flow": (2, 40, 70, 2),
        "flow_level_6": (2, 1, 2, 2),
        "flow_level_5": (2, 2, 4, 2),
        "flow_level_4": (2, 4, 8, 2),
        "flow_level_3": (2, 8, 16, 2),
        "flow_level_2": (2, 16, 32, 2),
    }
    assert all(np.isfinite(value).all() for value in outputs.values())


def test_every_level_predicts_the_whole_flow_in_twenties_of_pixels():
    model = PWCNet(width=0.125)
    model.build()
    for level in LEVELS:
        head = getattr(model, f"decoder_{level}").head
        head.kernel.assign(head.kernel * 0)
        head.bias.assign([0.5, -0.25])
    head = model.context_2.head
    head.kernel.assign(head.kernel * 0)
    outputs = model(random_pair((32, 64), (32, 64)))
    for level in LEVELS:
        flow = outputs[f"flow_level_{level}"]
        np.testing.assert_allclose(flow, np.broadcast_to([10, -5], flow.shape))
    # 64 x 64 pixels were 32 x 64 before.
    flow = np.broadcast_to([10, -2.5], (1, 32, 64, 2))
    np.testing.assert_allclose(outputs["flow"], flow, rtol=1e-6)


def test_each_level_has_a_gocor_of_its_own(network):
    plain = PWCNet(width=0.125)
    plain.build()
    # Step length, regularization and initial scale, and three maps of ten
    # bins.
    parameters = network.count_params() - plain.count_params()
    assert parameters == len(LEVELS) * (3 + 3 * 10)


@pytest.mark.parametrize("num_iterations", [0, {"local": 0}])
def test_num_iterations_changes_the_answer_not_the_network(
    network, num_iterations
):
    pair = random_pair()
    default = np.asarray(network(pair)["flow_level_2"])
    initial = network(pair, num_iterations=num_iterations)["flow_level_2"]
    assert np.abs(default - initial).max() > 1e-6
    again = np.asarray(network(pair)["flow_level_2"])
    np.testing.assert_array_equal(again, default)


def test_unknown_batch_and_size_trace_once(network):
    spec = tf.TensorSpec((None, None, None, 3))
    function = tf.function(
        lambda reference, query: network(
            {"reference": reference, "query": query}
        )["flow"],
        input_signature=[spec, spec],
    )
    for size in ((33, 47), (65, 20)):
        pair = random_pair(size, size)
        np.testing.assert_allclose(
            function(**pair), network(pair)["flow"], atol=1e-3
        )
    assert function.experimental_get_tracing_count() == 1


def test_every_weight_learns(network):
    with tf.GradientTape() as tape:
        outputs = network(random_pair((128, 128), (128, 128)), training=True)
        loss = sum(
            tf.reduce_mean(outputs[f"flow_level_{level}"] ** 2)
            for level in LEVELS
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
    model = PWCNet(width=0.125, **GOCOR, dtype="mixed_bfloat16")
    dtypes = {
        keras.backend.standardize_dtype(value.dtype)
        for value in model(random_pair()).values()
    }
    assert dtypes == {"float32"}


def test_unknown_choice_is_named():
    with pytest.raises(ValueError, match="`local_correlation` must be one of"):
        PWCNet(local_correlation="cosine")
