"""Tests of the layer `GlobalCorrelation`."""

import numpy as np

from gocor_tf.layers.global_correlation import GlobalCorrelation
from tests.test_case import TestCase


class GlobalCorrelationTest(TestCase):
    def test_layer(self):
        generator = np.random.default_rng(0)
        self.run_layer_test(
            GlobalCorrelation,
            {},
            {
                "reference_features": generator.standard_normal(
                    (2, 4, 5, 3)
                ).astype("float32"),
                "query_features": generator.standard_normal(
                    (2, 3, 4, 3)
                ).astype("float32"),
            },
            num_weights=0,
        )
