import numpy as np
import pytest

from gocor_tf.layers import GlobalCorrelation, GlobalVolume
from gocor_tf.ops import matching, normalization
from tests.test_case import TestCase


def features(size=(4, 5)):
    rng = np.random.default_rng(0)
    return {
        f"{name}_features": rng.normal(size=(2, *size, 3)).astype("float32")
        for name in ("reference", "query")
    }


class GlobalVolumeTest(TestCase):
    def test_feature(self):
        self.run_layer_test(
            GlobalVolume, {"mutual_matching": True}, features(), num_weights=0
        )

    def test_nc_net(self):
        self.run_layer_test(
            GlobalVolume,
            {"correlation": "nc_net"},
            features((3, 3)),
            num_weights=6,
            mixed_tolerance=5e-2,
        )

    def test_gocor(self):
        options = {"query_objective": False, "num_iterations": 1}
        self.run_layer_test(
            GlobalVolume,
            {"correlation": "gocor", "gocor": options},
            features(),
            mixed_tolerance=5e-2,
        )

    def test_features_are_normalized_first(self):
        inputs = features()
        larger = {name: 10 * value for name, value in inputs.items()}
        self.assert_close(
            GlobalVolume()(**larger), GlobalVolume()(**inputs), atol=1e-4
        )

    def test_scores_are_positive_and_normalized_over_the_query(self):
        volume = np.asarray(GlobalVolume()(**features()))
        self.assertEqual(volume.shape, (2, 4, 5, 20))
        self.assertTrue(np.all(volume >= 0))
        self.assert_close(
            np.linalg.norm(volume, axis=-1), np.ones((2, 4, 5)), atol=1e-4
        )

    def test_mutual_matching_comes_before_that(self):
        inputs = features()
        scores = GlobalCorrelation()(
            *(normalization.feature_l2_norm(x) for x in inputs.values())
        )
        expected = normalization.relu_l2_norm(matching.mutual_matching(scores))
        volume = GlobalVolume(mutual_matching=True)(**inputs)
        self.assert_close(volume, expected)

    def test_gocor_keeps_a_tenth_of_negative_scores(self):
        layer = GlobalVolume("gocor", {"query_objective": False})
        volume = layer(**features())
        scores = layer.volume(
            *(normalization.feature_l2_norm(x) for x in features().values())
        )
        self.assertTrue(np.any(scores < 0))
        self.assert_close(volume, np.where(scores > 0, scores, 0.1 * scores))

    def test_num_iterations_replaces_gocors_own(self):
        layer = GlobalVolume("gocor", {"query_objective": False})
        initial = layer(**features(), num_iterations=0)
        three = layer(**features(), num_iterations=3)
        self.assert_close(layer(**features()), three, atol=0)
        self.assertGreater(np.abs(initial - three).max(), 1e-3)


def test_unknown_correlation_is_named():
    with pytest.raises(ValueError, match="`global_correlation` must be one of"):
        GlobalVolume("cosine")
