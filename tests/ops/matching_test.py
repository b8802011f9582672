"""Tests of mutual matching and neighbourhood consensus."""

import numpy as np
import pytest
from keras import ops

from gocor_tf.ops import conv4d, matching


def random(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def test_mutual_matching_of_known_scores():
    # Spec models.md, C.1; c[s, t], so the reference t is the first axis here.
    scores = np.array([[0.5, 0.2], [0.1, 0.4]], "float32")
    volume = scores.T.reshape(1, 1, 2, 2)
    expected = np.array([[0.49998, 0.039998], [0.005, 0.39998]])
    np.testing.assert_allclose(
        matching.mutual_matching(volume)[0, 0], expected.T, rtol=1e-4
    )


def test_mutual_matching_takes_query_axes_apart_or_together():
    volume = random(0, 2, 3, 4, 2, 5)
    flat = matching.mutual_matching(volume.reshape(2, 3, 4, 10))
    np.testing.assert_allclose(
        ops.reshape(matching.mutual_matching(volume), (2, 3, 4, 10)), flat
    )


def kernels_and_biases(*sizes):
    channels = [1, *range(2, len(sizes) + 1), 1]
    kernels = [
        random(i, *(size,) * 4, channels[i], channels[i + 1])
        for i, size in enumerate(sizes)
    ]
    return kernels, [random(9, n) for n in channels[1:]]


def test_consensus_is_convolutions_with_relus():
    volume = random(0, 1, 3, 4, 2, 5)
    kernels, biases = kernels_and_biases(3, 1)
    x = volume[..., None]
    for kernel, bias in zip(kernels, biases, strict=True):
        x = ops.relu(conv4d.conv4d(x, kernel, bias))
    result = matching.neighbourhood_consensus(
        volume, kernels, biases, symmetric=False
    )
    np.testing.assert_allclose(result, x[..., 0], atol=1e-5)


@pytest.mark.parametrize("sizes", [(3,), (1, 3), (5, 3)])
def test_symmetric_consensus_treats_both_images_alike(sizes):
    volume = random(0, 1, 3, 4, 2, 5)
    kernels, biases = kernels_and_biases(*sizes)
    result = matching.neighbourhood_consensus(volume, kernels, biases)
    exchanged = matching.neighbourhood_consensus(
        np.transpose(volume, (0, 3, 4, 1, 2)), kernels, biases
    )
    np.testing.assert_allclose(
        result, ops.transpose(exchanged, (0, 3, 4, 1, 2)), atol=1e-4
    )
