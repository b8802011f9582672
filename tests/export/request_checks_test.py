"""Requests that an exported network refuses."""

import numpy as np
import pytest
import tensorflow as tf

from gocor_tf.export import request_checks

LIMITS = request_checks.Limits(max_batch_size=3, max_pixels=2**14)


def check_images(images, stretched=False):
    check = tf.function(
        lambda images: request_checks.checked_images(
            images, "reference", LIMITS, stretched
        )
    )
    return check(tf.constant(images))


@pytest.mark.parametrize("number", [1, 3])
def test_good_request_passes(number):
    images = np.zeros((number, 8, 9, 3), np.float32)
    pair = request_checks.checked_pair(images, images, LIMITS)
    for image in pair:
        assert check_images(image.numpy()).shape == images.shape


@pytest.mark.parametrize(
    "numbers, message",
    [
        ((1, 2), "`reference` and `query` must hold the same number"),
        ((0, 0), "`reference` must hold 1 to 3 pictures"),
        ((4, 4), "`reference` must hold 1 to 3 pictures"),
    ],
)
def test_number_of_pictures(numbers, message):
    pair = [tf.zeros((number, 8, 8, 3)) for number in numbers]
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        tf.function(request_checks.checked_pair)(*pair, LIMITS)


@pytest.mark.parametrize("role", ["reference", "query"])
@pytest.mark.parametrize(
    "stated, received",
    [
        ((None, None, None, 3), (1, 8, 8, 1)),
        ((None, None, None, 3), (1, 8, 8, 4)),
        ((None, None, None, 3), (8, 8, 3)),
        ((None, None, None, 3), (1, 1, 8, 8, 3)),
        ((None, None, None, 3), (0,)),
        ((None, None, None, 3), ()),
        ((None,), (1, 1)),
        ((None,), ()),
    ],
)
def test_shapes_that_are_not_those_stated(role, stated, received):
    @tf.function(input_signature=[tf.TensorSpec(None), tf.TensorSpec(None)])
    def check(reference, query):
        # Nobody looks whether it is so: as a server feeds the graph.
        reference.set_shape(stated)
        query.set_shape(stated)
        return request_checks.checked_pair(reference, query, LIMITS)

    pair = {
        "reference": tf.zeros([n or 1 for n in stated]),
        "query": tf.zeros([n or 1 for n in stated]),
    }
    check(**pair)
    wanted = "batch, height, width, 3" if len(stated) == 4 else "batch,"
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match=rf"`{role}` must be of shape \({wanted}\)",
    ):
        check(**{**pair, role: tf.zeros(received)})


@pytest.mark.parametrize("size", [(7, 8), (8, 1), (0, 8)])
def test_small_images(size):
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match="pictures of `reference` must be at least 8 px",
    ):
        check_images(np.zeros((1, *size, 3), np.uint8))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite(value):
    images = np.zeros((1, 8, 8, 3), np.float32)
    images[0, 3, 4, 1] = value
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="`reference` must be finite"
    ):
        check_images(images)


def test_pixels_count_together_unless_stretched():
    images = np.zeros((2, 128, 65, 3), np.uint8)
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match="`reference` must hold at most 16384 pixels in all its pictures",
    ):
        check_images(images)
    assert check_images(images, stretched=True).shape == images.shape


@pytest.mark.parametrize(
    "limits", [{"max_batch_size": 0}, {"max_pixels": 1000}]
)
def test_limits_that_nothing_fits(limits):
    with pytest.raises(ValueError, match=f"`{next(iter(limits))}` must be"):
        request_checks.Limits(**limits)
