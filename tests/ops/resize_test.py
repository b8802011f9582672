"""Tests of bilinear and area resizing."""

import keras
import numpy as np
import pytest
from keras import ops

from gocor_tf.ops import resize
from tests import autodiff

needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="uses tf.function"
)


def random(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def row(length):
    """An image of one row: 0, 1, 2 ..."""
    return np.arange(length, dtype="float32").reshape(1, 1, length, 1)


def test_area_resize_of_known_rows():
    # Spec models.md, C.1.
    np.testing.assert_allclose(
        resize.area_resize(row(10), (1, 4))[0, 0, :, 0], [1, 3, 6, 8]
    )
    np.testing.assert_allclose(
        resize.area_resize(row(10), (1, 13))[0, 0, :, 0],
        [0, 0.5, 1.5, 2.5, 3, 3.5, 4.5, 5.5, 6, 6.5, 7.5, 8.5, 9],
    )


def test_bilinear_resize_of_known_rows():
    # Spec models.md, C.1.
    np.testing.assert_allclose(
        resize.bilinear_resize(row(4), (1, 6))[0, 0, :, 0],
        [0, 0.5, 1.166667, 1.833333, 2.5, 3],
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        resize.bilinear_resize(row(4), (1, 3))[0, 0, :, 0],
        [0.166667, 1.5, 2.833333],
        rtol=1e-5,
    )


def test_float64_images_are_interpolated_in_float64():
    resized = resize.bilinear_resize(row(4).astype("float64"), (1, 6))
    np.testing.assert_allclose(
        resized[0, 0, :, 0], [0, 1 / 2, 7 / 6, 11 / 6, 5 / 2, 3], rtol=1e-14
    )


@pytest.mark.parametrize("size", [(7, 9), (3, 2), (11, 20), (1, 1)])
def test_area_resize_equals_its_definition(size):
    image = random(0, 2, 7, 9, 3)
    resized = ops.convert_to_numpy(resize.area_resize(image, size))
    for y, x in np.ndindex(*size):
        rows = slice(y * 7 // size[0], -(-(y + 1) * 7 // size[0]))
        columns = slice(x * 9 // size[1], -(-(x + 1) * 9 // size[1]))
        np.testing.assert_allclose(
            resized[:, y, x], image[:, rows, columns].mean((1, 2)), atol=1e-6
        )


def test_means_of_whole_numbers_are_exact():
    # Truncation after resizing would turn 116.99999 into 116.
    image = np.full((1, 277, 331, 1), 117, "uint8")
    resized = resize.area_resize(image, (256, 256))
    np.testing.assert_array_equal(resized, np.full((1, 256, 256, 1), 117))


def test_sums_of_16_bit_images_do_not_overflow():
    image = ops.full((1, 40, 40, 1), 250, dtype="float16")
    resized = resize.area_resize(image, (1, 1))
    assert keras.backend.standardize_dtype(resized.dtype) == "float16"
    assert float(resized[0, 0, 0, 0]) == 250


@pytest.mark.parametrize("size", [(4, 6), (13, 5), (7, 9)])
def test_bilinear_resize_equals_that_of_keras(size):
    image = random(0, 2, 7, 9, 3)
    np.testing.assert_allclose(
        resize.bilinear_resize(image, size),
        ops.image.resize(image, size, interpolation="bilinear"),
        atol=2e-6,
    )


@pytest.mark.parametrize(
    "function", [resize.bilinear_resize, resize.area_resize]
)
def test_resizing_is_linear_with_a_gradient(function):
    image, weights = random(0, 1, 5, 6, 2), random(1, 1, 8, 3, 2)
    value, gradients = autodiff.gradients(
        lambda t: 2 * (ops.sum(function(t["image"], (8, 3)) * weights),),
        {"image": image},
    )
    np.testing.assert_allclose(
        np.sum(gradients["image"] * image), float(value), rtol=1e-5
    )


@needs_tensorflow
@pytest.mark.parametrize(
    "function", [resize.bilinear_resize, resize.area_resize]
)
def test_sizes_may_be_unknown(function):
    import tensorflow as tf

    image, like = random(0, 2, 5, 6, 2), random(1, 2, 8, 4, 1)
    shapes = [tf.TensorSpec((None, None, None, n)) for n in (2, 1)]
    traced = tf.function(
        lambda a, b: function(a, ops.shape(b)[1:3]), input_signature=shapes
    )
    result = traced(image, like)
    assert traced.get_concrete_function().structured_outputs.shape[-1] == 2
    np.testing.assert_allclose(result, function(image, (8, 4)), atol=1e-6)
