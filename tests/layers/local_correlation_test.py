"""Tests of the layer `LocalCorrelation`."""

import numpy as np

from gocor_tf.layers.local_correlation import LocalCorrelation
from gocor_tf.ops import correlation
from tests.test_case import TestCase


class LocalCorrelationTest(TestCase):
    def setUp(self):
        super().setUp()
        generator = np.random.default_rng(0)
        self.features = {
            name: generator.standard_normal((2, 9, 6, 3)).astype("float32")
            for name in ("reference_features", "query_features")
        }

    def test_layer(self):
        self.run_layer_test(
            LocalCorrelation, {"radius": 2}, self.features, num_weights=0
        )

    def test_calls_the_operation_with_its_radius(self):
        self.assert_close(
            LocalCorrelation(radius=2)(**self.features),
            correlation.local_correlation(**self.features, radius=2),
        )

    def test_radius_must_be_positive(self):
        with self.assertRaisesRegex(ValueError, "`radius` must be > 0"):
            LocalCorrelation(radius=0)
