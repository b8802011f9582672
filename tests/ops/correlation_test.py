"""Tests of global and local correlation against their definitions."""

import keras
import numpy as np
import pytest
from keras import ops

from gocor_tf.ops import correlation

needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="uses tf.function"
)

# JAX computes in float32 unless told otherwise at start.
TOLERANCE = 1e-5 if keras.backend.backend() == "jax" else 1e-12


def random(seed, *shape, dtype="float64"):
    values = np.random.default_rng(seed).standard_normal(shape)
    return ops.convert_to_tensor(values, dtype)


def windows(query, radius):
    """Query features per displacement, `(..., (2 * radius + 1)**2, C)`."""
    _, height, width, _ = query.shape
    margin = (radius, radius)
    padded = np.pad(query, ((0, 0), margin, margin, (0, 0)))
    return np.stack(
        [
            padded[:, dy : dy + height, dx : dx + width]
            for dy in range(2 * radius + 1)
            for dx in range(2 * radius + 1)
        ],
        axis=3,
    )


@pytest.mark.parametrize("radius", [1, 3, 4, 5, 9])
@pytest.mark.parametrize("size", [(1, 1), (7, 9), (8, 16), (17, 5)])
def test_local_correlation_equals_its_definition(size, radius):
    reference, query = random(0, 2, *size, 3), random(1, 2, *size, 3)
    volume = correlation.local_correlation(reference, query, radius)
    expected = np.einsum(
        "bhwc,bhwkc->bhwk",
        ops.convert_to_numpy(reference),
        windows(ops.convert_to_numpy(query), radius),
    )
    np.testing.assert_allclose(volume, expected / 3, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("radius", [1, 4, 5])
@pytest.mark.parametrize("size", [(1, 1), (7, 9), (16, 8)])
def test_local_correlation_transpose_equals_its_definition(size, radius):
    coefficients = random(0, 2, *size, (2 * radius + 1) ** 2)
    query = random(1, 2, *size, 3)
    features = correlation.local_correlation_transpose(
        coefficients, query, radius
    )
    expected = np.einsum(
        "bhwk,bhwkc->bhwc",
        ops.convert_to_numpy(coefficients),
        windows(ops.convert_to_numpy(query), radius),
    )
    np.testing.assert_allclose(features, expected / 3, rtol=0, atol=TOLERANCE)


def test_transpose_is_the_adjoint():
    features, query = random(0, 2, 11, 6, 5), random(1, 2, 11, 6, 5)
    volume = random(2, 2, 11, 6, 81)
    left = ops.sum(correlation.local_correlation(features, query) * volume)
    right = ops.sum(
        features * correlation.local_correlation_transpose(volume, query)
    )
    np.testing.assert_allclose(left, right, rtol=TOLERANCE)


@pytest.mark.parametrize(
    "shift, channel", [((0, 0), 40), ((0, 1), 41), ((1, 0), 49), ((-1, 2), 33)]
)
def test_shifted_query_peaks_at_its_displacement(shift, channel):
    reference = np.random.default_rng(0).choice([-1.0, 1.0], (1, 12, 12, 64))
    query = np.roll(reference, shift, axis=(1, 2))
    volume = correlation.local_correlation(
        ops.convert_to_tensor(reference), ops.convert_to_tensor(query)
    )
    inside = ops.convert_to_numpy(volume)[:, 2:-2, 2:-2]
    np.testing.assert_array_equal(inside.argmax(-1), channel)
    np.testing.assert_allclose(inside[..., channel], 1, rtol=TOLERANCE)


def test_global_correlation_equals_its_definition():
    reference, query = random(0, 2, 5, 3, 6), random(1, 2, 3, 4, 6)
    volume = correlation.global_correlation(reference, query)
    expected = np.einsum(
        "bijc,bklc->bijkl",
        ops.convert_to_numpy(reference),
        ops.convert_to_numpy(query),
    )
    np.testing.assert_allclose(
        volume, expected.reshape(2, 5, 3, 12), rtol=0, atol=TOLERANCE
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_large_16_bit_features_do_not_overflow(dtype):
    # Powers of two, exact in 16 bits: so must their mean be.
    features = ops.full((1, 9, 9, 512), 32, dtype)
    volume = correlation.local_correlation(features, features)
    assert keras.backend.standardize_dtype(volume.dtype) == dtype
    volume = ops.convert_to_numpy(ops.cast(volume, "float32"))
    np.testing.assert_array_equal(volume[..., 40], 32 * 32)
    summed = correlation.local_correlation_transpose(
        ops.full((1, 9, 9, 81), 1024, dtype), features
    )
    summed = ops.convert_to_numpy(ops.cast(summed, "float32"))
    np.testing.assert_array_equal(summed[0, 4, 4], 81 * 1024 * 32 / 512)


def test_empty_batch():
    features = ops.zeros((0, 9, 9, 4))
    volume = correlation.local_correlation(features, features)
    assert tuple(volume.shape) == (0, 9, 9, 81)


@needs_tensorflow
@pytest.mark.parametrize("channels", [3, None])
def test_unknown_sizes(channels):
    import tensorflow as tf

    spec = tf.TensorSpec((None, None, None, channels), tf.float64)
    function = tf.function(correlation.local_correlation, (spec, spec))
    for size in [(7, 9), (16, 8)]:
        reference, query = random(0, 2, *size, 3), random(1, 2, *size, 3)
        np.testing.assert_allclose(
            function(reference, query),
            correlation.local_correlation(reference, query),
            rtol=0,
            atol=TOLERANCE,
        )


@needs_tensorflow
def test_transpose_of_unknown_sizes():
    import tensorflow as tf

    spec = tf.TensorSpec((None, None, None, None), tf.float64)
    function = tf.function(
        correlation.local_correlation_transpose, (spec, spec)
    )
    volume, query = random(0, 2, 7, 9, 81), random(1, 2, 7, 9, 3)
    np.testing.assert_allclose(
        function(volume, query),
        correlation.local_correlation_transpose(volume, query),
        rtol=0,
        atol=TOLERANCE,
    )


@needs_tensorflow
def test_second_derivatives():
    import tensorflow as tf

    reference, query = random(0, 1, 9, 5, 3), random(1, 1, 9, 5, 3)
    direction = random(2, 1, 9, 5, 3)
    with tf.GradientTape() as outer:
        outer.watch(reference)
        with tf.GradientTape() as inner:
            inner.watch(reference)
            volume = correlation.local_correlation(reference, query)
            loss = 0.5 * ops.sum(ops.square(volume))
        product = ops.sum(inner.gradient(loss, reference) * direction)
    expected = correlation.local_correlation_transpose(
        correlation.local_correlation(direction, query), query
    )
    np.testing.assert_allclose(
        outer.gradient(product, reference), expected, rtol=0, atol=TOLERANCE
    )


@needs_tensorflow
def test_no_tensor_holds_all_shifted_features():
    import tensorflow as tf

    @tf.function
    def gradients(reference, query):
        with tf.GradientTape() as tape:
            tape.watch((reference, query))
            volume = correlation.local_correlation(reference, query)
            loss = tf.reduce_sum(volume**2)
        return tape.gradient(loss, (reference, query))

    spec = tf.TensorSpec((1, 64, 64, 128))
    graph = gradients.get_concrete_function(spec, spec).graph
    largest = max(
        output.shape.num_elements() or 0
        for operation in graph.get_operations()
        for output in operation.outputs
    )
    # The windows, six times the features; 81 x C x H x W is much more.
    assert largest <= 6 * 64 * 64 * 128


@pytest.mark.parametrize(
    "shapes",
    [
        ((1, 4, 4, 3), (1, 4, 4, 2)),
        ((1, 4, 4, 3), (1, 4, 5, 3)),
        ((2, 4, 4, 3), (1, 4, 4, 3)),
        ((4, 4, 3), (4, 4, 3)),
    ],
)
def test_local_correlation_rejects_shapes_that_do_not_fit(shapes):
    with pytest.raises(ValueError, match="`reference_features` and `query_f"):
        correlation.local_correlation(*(ops.ones(shape) for shape in shapes))


@pytest.mark.parametrize(
    "shapes",
    [((1, 4, 4, 3), (1, 6, 5, 2)), ((1, 4, 4, 3), (4, 4, 3))],
)
def test_global_correlation_rejects_shapes_that_do_not_fit(shapes):
    with pytest.raises(ValueError, match="`reference_features` and `query_f"):
        correlation.global_correlation(*(ops.ones(shape) for shape in shapes))


@pytest.mark.parametrize(
    "shapes", [((1, 4, 4, 80), (1, 4, 4, 3)), ((4, 4, 81), (4, 4, 3))]
)
def test_transpose_rejects_shapes_that_do_not_fit(shapes):
    with pytest.raises(ValueError, match="`coefficients` must be"):
        correlation.local_correlation_transpose(
            *(ops.ones(shape) for shape in shapes)
        )


@pytest.mark.parametrize(
    "function, channels",
    [
        (correlation.local_correlation, 3),
        (correlation.local_correlation_transpose, 1),
    ],
)
def test_radius_must_be_positive(function, channels):
    features = ops.ones((1, 4, 4, channels))
    with pytest.raises(ValueError, match="`radius` must be > 0. Received"):
        function(features, features, radius=0)
