"""What graphs need, and where their time goes."""

import numpy as np
import pytest
import tensorflow as tf

from benchmarks import arithmetic, operation_times, profile_networks
from gocor_tf.ops import correlation


def _graph(function, *shapes):
    specs = [tf.TensorSpec(shape) for shape in shapes]
    return tf.function(function).get_concrete_function(*specs).graph


def test_convolutions_and_products_are_counted():
    def function(image, kernel, matrix):
        x = tf.nn.conv2d(image, kernel, 2, "SAME")
        return tf.matmul(tf.reshape(x, (-1, 5)), matrix, transpose_b=True)

    graph = _graph(function, (1, 8, 6, 3), (3, 3, 3, 5), (7, 5))
    convolution, product = arithmetic.needs(graph)
    assert convolution.products == 4 * 3 * 5 * 27
    assert convolution.bytes == 4 * (8 * 6 * 3 + 3 * 3 * 3 * 5 + 4 * 3 * 5)
    assert product.products == 12 * 5 * 7
    assert product.seconds(rate=420, bandwidth=1e9) == pytest.approx(1)
    assert product.seconds(rate=1e9, bandwidth=product.bytes) == 1


def test_transposed_convolutions_count_their_inputs():
    def function(image, kernel):
        return tf.nn.conv2d_transpose(image, kernel, (1, 8, 8, 2), 2)

    graph = _graph(function, (1, 4, 4, 3), (4, 4, 2, 3))
    (need,) = arithmetic.needs(graph)
    assert need.products == 4 * 4 * 3 * 4 * 4 * 2


def test_of_a_tiles_products_those_in_the_search_radius_count():
    shape = (1, 16, 8, 5)
    needs = arithmetic.needs(
        _graph(correlation.local_correlation, shape, shape)
    )
    assert sum(need.products for need in needs) == 16 * 8 * 5 * 81


def test_loops_and_unknown_sizes_are_refused():
    loop = _graph(lambda x: tf.map_fn(tf.square, x), (3, 2))
    with pytest.raises(ValueError, match="`graph` must have no loop"):
        arithmetic.needs(loop)
    with pytest.raises(ValueError, match="`graph` must have known sizes"):
        arithmetic.needs(_graph(lambda x: x @ x, (None, 3)))


def test_operations_are_timed_by_kind():
    weight = tf.Variable(tf.ones((300, 300)))

    def function(x):
        return tf.nn.relu(x @ weight)

    frozen = operation_times.freeze(
        tf.function(function).get_concrete_function(
            tf.TensorSpec((300, 300), name="x")
        )
    )
    times = operation_times.time_operations(
        frozen, {"x": np.ones((300, 300), np.float32)}
    )
    assert "MatMul" in {kind for kind, _ in times.values()}
    kinds = operation_times.by_kind(times)
    assert kinds["matrix products"] > kinds["loops"] == 0
    assert sum(kinds.values()) == pytest.approx(
        sum(milliseconds for _, milliseconds in times.values())
    )


@pytest.mark.slow
def test_default_is_profiled(monkeypatch):
    monkeypatch.setattr(profile_networks, "_SECONDS", 0)
    monkeypatch.setattr(profile_networks, "SIZE", (256, 320))
    profile = profile_networks.measure("default")
    times = (
        profile["products"] / profile["rate"],
        profile["bytes"] / profile["bandwidth"],
    )
    # Of each operation the longer of the two; not compared with the measured
    # time, which other work beside the test may disturb alone.
    assert 0 < max(times) <= profile["floor"] <= sum(times)
    assert profile["seconds"].median > 0
    # 1.6 GFLOP of the pyramids alone.
    assert 1e9 < profile["products"] < 2e10
    text = profile_networks.format_needs({"default": profile})
    assert text.splitlines()[-1].startswith("| default |")
    assert "loops" in profile_networks.format_kinds({"default": profile})
