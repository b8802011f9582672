"""Tests of the L2 normalization layer."""

import numpy as np

from gocor_tf.layers.feature_l2_norm import FeatureL2Norm
from tests.test_case import TestCase


class FeatureL2NormTest(TestCase):
    def test_basics(self):
        features = np.random.default_rng(0).random((2, 3, 4, 5), "float32")
        self.run_layer_test(
            FeatureL2Norm, {}, {"features": features}, num_weights=0
        )

    def test_vectors_get_unit_length(self):
        features = np.random.default_rng(0).random((2, 3, 4, 5), "float32")
        lengths = np.linalg.norm(FeatureL2Norm()(features), axis=-1)
        self.assert_close(lengths, np.ones((2, 3, 4)))
