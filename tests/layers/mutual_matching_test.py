"""Tests of the mutual matching layer."""

import numpy as np

from gocor_tf.layers.mutual_matching import MutualMatching
from tests.test_case import TestCase


class MutualMatchingTest(TestCase):
    def test_basics(self):
        volume = np.random.default_rng(0).random((2, 3, 4, 6), "float32")
        self.run_layer_test(
            MutualMatching, {}, {"volume": volume}, num_weights=0
        )

    def test_best_matches_keep_their_scores(self):
        volume = np.eye(6, dtype="float32").reshape(1, 2, 3, 6) + 0.1
        matched = np.asarray(MutualMatching()(volume)).reshape(6, 6)
        self.assert_close(np.diag(matched), np.full(6, 1.1), rtol=1e-4)
        self.assertLess(matched[0, 1], 0.01)

    def test_rank_is_checked(self):
        with self.assertRaisesRegex(ValueError, "`volume` must have 4 or 5"):
            MutualMatching()(np.zeros((2, 3, 4), "float32"))
