"""Tests of the neighbourhood consensus layer."""

import numpy as np

from gocor_tf.layers.neighbourhood_consensus import NeighbourhoodConsensus
from tests.test_case import TestCase


class NeighbourhoodConsensusTest(TestCase):
    def test_basics(self):
        volume = np.random.default_rng(0).random((2, 3, 4, 5, 3), "float32")
        self.run_layer_test(
            NeighbourhoodConsensus,
            {"kernel_sizes": (3, 1), "channels": (2, 1)},
            {"volume": volume},
            num_weights=4,
        )

    def test_scores_are_never_negative(self):
        layer = NeighbourhoodConsensus()
        volume = np.random.default_rng(0).normal(size=(1, 4, 4, 4, 4))
        self.assertGreaterEqual(np.min(layer(volume.astype("float32"))), 0)
        self.assertEqual(layer.count_params(), 810 + 10 + 8100 + 10 + 810 + 1)

    def test_even_kernels_are_rejected(self):
        with self.assertRaisesRegex(ValueError, "`kernel_sizes` must be odd"):
            NeighbourhoodConsensus(kernel_sizes=(3, 2, 3))

    def test_channels_must_fit(self):
        for channels in ((10, 1), (10, 10, 2)):
            with self.assertRaisesRegex(ValueError, "`channels` must have"):
                NeighbourhoodConsensus(channels=channels)

    def test_rank_is_checked(self):
        with self.assertRaisesRegex(ValueError, "`volume` must have 5"):
            NeighbourhoodConsensus()(np.zeros((1, 4, 4, 16), "float32"))
