"""Tests of backward warping."""

import keras
import numpy as np
import pytest
from keras import ops

from gocor_tf.ops.warp import in_view_mask, masked_warp, warp, warp_by_mapping
from tests import autodiff

needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="uses tf.function"
)


def random(seed, *shape, dtype="float32"):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def naive_warp(image, flow):
    """The definition, pixel by pixel."""
    batch, height, width, channels = image.shape
    warped = np.zeros((*flow.shape[:3], channels))
    for b, y, x in np.ndindex(*flow.shape[:3]):
        at_x, at_y = np.array([x, y]) + flow[b, y, x].astype("float64")
        for row, column in np.ndindex(height, width):
            weight = max(0, 1 - abs(at_x - column)) * max(
                0, 1 - abs(at_y - row)
            )
            warped[b, y, x] += weight * image[b, row, column]
    return warped


@pytest.mark.parametrize("flow_size", [(5, 6), (3, 8), (1, 1)])
@pytest.mark.parametrize("image_size", [(5, 6), (1, 6), (5, 1), (1, 1)])
def test_warp_equals_its_definition(image_size, flow_size):
    image = random(0, 2, *image_size, 3)
    flow = 3 * random(1, 2, *flow_size, 2)
    np.testing.assert_allclose(
        warp(image, flow), naive_warp(image, flow), atol=2e-6
    )


def test_flow_points_to_where_the_pixel_is_taken_from():
    image = np.zeros((1, 4, 5, 1), "float32")
    image[0, 2, 3] = 1  # x = 3, y = 2
    flow = np.zeros((1, 4, 5, 2), "float32")
    flow[0, 0, 1] = [2, 2]
    warped = ops.convert_to_numpy(warp(image, flow))
    assert warped[0, 0, 1] == 1


def test_zero_flow_is_the_identity():
    image = random(0, 2, 5, 6, 3)
    np.testing.assert_array_equal(
        warp(image, np.zeros((2, 5, 6, 2), "float32")), image
    )


def test_far_infinite_and_nan_vectors_give_zeros():
    image = 1 + np.abs(random(0, 1, 4, 5, 2))
    flow = np.zeros((1, 4, 5, 2), "float32")
    bad = [np.nan, np.inf, -np.inf, 1e30, -1e30, 3e9]
    for column, value in enumerate(bad[:5]):
        flow[0, 0, column, 0] = value
        flow[0, 1, column, 1] = value
    warped = ops.convert_to_numpy(warp(image, flow))
    assert np.all(warped[0, :2] == 0)
    np.testing.assert_array_equal(warped[0, 2:], image[0, 2:])


def test_bad_vectors_have_no_gradient():
    image, flow = random(0, 1, 3, 3, 2), random(1, 1, 3, 3, 2)
    flow[0, 0, 0], flow[0, 1, 1, 0] = np.nan, np.inf
    _, gradients = autodiff.gradients(
        lambda t: (ops.sum(warp(t["image"], t["flow"])), ()),
        {"image": image, "flow": flow},
    )
    assert np.all(np.isfinite(gradients["image"]))
    assert np.all(np.isfinite(gradients["flow"]))
    assert np.all(gradients["flow"][0, 0, 0] == 0)


@needs_tensorflow
def test_gradients_equal_finite_differences():
    arrays = {
        "image": random(0, 1, 4, 5, 2, dtype="float64"),
        "flow": random(1, 1, 4, 5, 2, dtype="float64"),
    }
    weights = random(2, 1, 4, 5, 2, dtype="float64")

    def value(tensors):
        warped = warp(tensors["image"], tensors["flow"])
        return ops.sum(warped * weights), ()

    _, gradients = autodiff.gradients(value, arrays)
    for name, array in arrays.items():
        direction = random(3, *array.shape, dtype="float64")
        ahead, behind = (
            value({**arrays, name: array + sign * 1e-6 * direction})[0]
            for sign in (1, -1)
        )
        np.testing.assert_allclose(
            (ahead - behind) / 2e-6,
            np.sum(gradients[name] * direction),
            rtol=1e-6,
        )


@needs_tensorflow
def test_second_derivatives_exist():
    import tensorflow as tf

    image = tf.constant(random(0, 1, 4, 5, 2))
    flow = tf.constant(random(1, 1, 4, 5, 2))
    with tf.GradientTape() as outer:
        outer.watch(flow)
        with tf.GradientTape() as inner:
            inner.watch(flow)
            value = ops.sum(ops.square(warp(image, flow)))
        gradient = inner.gradient(value, flow)
    assert np.any(outer.gradient(gradient, flow) != 0)


def test_coordinates_stay_float32_with_16_bit_images():
    image = np.arange(700, dtype="float32").reshape(1, 1, 700, 1) / 1024
    flow = np.full((1, 1, 700, 2), 0.25, "float32")
    flow[..., 1] = 0
    warped = warp(ops.cast(image, "float16"), flow)
    assert keras.backend.standardize_dtype(warped.dtype) == "float16"
    np.testing.assert_allclose(
        ops.cast(warped, "float32")[:, :, :-1],
        warp(image, flow)[:, :, :-1],
        atol=1e-3,
    )


def test_whole_number_images_become_floating():
    image = np.full((1, 2, 2, 1), 7, "uint8")
    warped = warp(image, np.full((1, 2, 2, 2), 0.5, "float32"))
    np.testing.assert_allclose(warped[0, 0, 0], [7])


def test_mapping_is_absolute():
    image = random(0, 1, 4, 5, 2)
    mapping = np.array([[[[3, 1], [0.5, 2]]]], "float32")
    np.testing.assert_allclose(
        warp_by_mapping(image, mapping)[0, 0],
        [image[0, 1, 3], (image[0, 2, 0] + image[0, 2, 1]) / 2],
        rtol=1e-6,
    )


def test_masked_warp_blanks_samples_that_touch_the_outside():
    image = np.ones((1, 3, 4, 1), "float32")
    flow = np.zeros((1, 3, 4, 2), "float32")
    flow[..., 0] = 0.5
    expected = np.array([1, 1, 1, 0]) * np.ones((3, 1))
    np.testing.assert_allclose(masked_warp(image, flow)[0, ..., 0], expected)


def test_in_view_mask_keeps_the_border():
    flow = np.zeros((1, 2, 3, 2), "float32")
    flow[0, 0, :, 0] = [-0.01, 1, 0.01]
    mask = in_view_mask(flow)
    np.testing.assert_array_equal(mask[0, ..., 0], [[0, 1, 0], [1, 1, 1]])


def test_in_view_mask_takes_the_size_of_the_query():
    flow = np.full((1, 1, 1, 2), 4, "float32")
    assert in_view_mask(flow)[0, 0, 0, 0] == 0
    assert in_view_mask(flow, (5, 5))[0, 0, 0, 0] == 1


@needs_tensorflow
def test_sizes_may_be_unknown():
    import tensorflow as tf

    image, flow = random(0, 2, 4, 5, 3), random(1, 2, 3, 7, 2)
    shapes = [tf.TensorSpec((None, None, None, n)) for n in (3, 2)]
    function = tf.function(warp, input_signature=shapes)
    np.testing.assert_allclose(
        function(image, flow), warp(image, flow), atol=1e-6
    )
