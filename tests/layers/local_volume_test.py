import numpy as np
import pytest

from gocor_tf.layers import LocalVolume
from gocor_tf.ops import correlation
from tests.test_case import TestCase


def features(channels=3):
    rng = np.random.default_rng(0)
    return {
        f"{name}_features": rng.normal(size=(2, 4, 5, channels)).astype(
            "float32"
        )
        for name in ("reference", "query")
    }


class LocalVolumeTest(TestCase):
    def test_feature(self):
        self.run_layer_test(
            LocalVolume, {"radius": 2}, features(), num_weights=0
        )

    def test_gocor(self):
        self.run_layer_test(
            LocalVolume,
            {"correlation": "gocor", "gocor": {"num_iterations": 1}},
            features(),
            num_weights=6,
            mixed_tolerance=5e-2,
        )

    def test_a_tenth_of_negative_scores_is_kept(self):
        scores = correlation.local_correlation(*features().values(), radius=4)
        volume = LocalVolume()(**features())
        self.assert_close(volume, np.where(scores > 0, scores, 0.1 * scores))

    def test_one_layer_serves_levels_with_other_channels(self):
        layer = LocalVolume("gocor")
        for channels in (3, 7):
            volume = layer(**features(channels))
            self.assertEqual(volume.shape, (2, 4, 5, 81))
        self.assertEqual(len(layer.weights), 6)

    def test_num_iterations_replaces_gocors_own(self):
        layer = LocalVolume("gocor", {"num_iterations": 2})
        initial = layer(**features(), num_iterations=0)
        two = layer(**features(), num_iterations=2)
        self.assert_close(layer(**features()), two, atol=0)
        self.assertGreater(np.abs(initial - two).max(), 1e-3)


def test_unknown_correlation_is_named():
    with pytest.raises(ValueError, match="`local_correlation` must be one of"):
        LocalVolume("nc_net")
