"""The yardsticks must compute what they are compared with."""

import numpy as np
import pytest
import tensorflow as tf

from benchmarks import shifted
from gocor_tf.layers.local_gocor import LocalGOCor
from gocor_tf.ops import correlation

CUTS = [shifted.sliced, shifted.indexed]


def random(*shape, seed=0):
    generator = np.random.default_rng(seed)
    return tf.constant(generator.standard_normal(shape), tf.float32)


@pytest.mark.parametrize("cut", CUTS)
def test_local_correlation(cut):
    inputs = random(1, 9, 7, 4), random(1, 9, 7, 4, seed=1)
    np.testing.assert_allclose(
        shifted.local_correlation(*inputs, radius=2, cut=cut),
        correlation.local_correlation(*inputs, radius=2),
        atol=1e-6,
    )


@pytest.mark.parametrize("cut", CUTS)
def test_local_correlation_transpose(cut):
    inputs = random(1, 9, 7, 25), random(1, 9, 7, 4, seed=1)
    np.testing.assert_allclose(
        shifted.local_correlation_transpose(*inputs, radius=2, cut=cut),
        correlation.local_correlation_transpose(*inputs, radius=2),
        atol=1e-5,
    )


@pytest.mark.parametrize("cut", CUTS)
def test_local_gocor(cut):
    inputs = random(1, 9, 7, 4), random(1, 9, 7, 4, seed=1)
    layer = LocalGOCor(radius=2)
    np.testing.assert_allclose(
        layer(*inputs), shifted.local_gocor(layer, *inputs, cut=cut), atol=1e-4
    )
