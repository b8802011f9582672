import math

import numpy as np
import pytest

from gocor_tf.layers.mixture_level import MixtureLevel
from tests.test_case import TestCase


def _normal(*shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape).astype("float32")


class MixtureLevelTest(TestCase):
    def test_finer_level(self):
        inputs = {
            "reference_features": _normal(2, 4, 5, 6),
            "query_features": _normal(2, 4, 5, 6, seed=1),
            "flow_features": _normal(2, 4, 5, 7),
            "parameters": _normal(2, 4, 5, 4),
            "flow": _normal(2, 4, 5, 2),
        }
        self.run_layer_test(
            MixtureLevel,
            {"correlation": "local", "max_variance": 64.0, "width": 0.25},
            inputs,
            num_weights=3 * 6 + 2 + 2 * 6 + 2,
        )

    def test_coarsest_level(self):
        layer = MixtureLevel("global", 256.0**2, width=0.25)
        features = _normal(1, 16, 16, 6)
        parameters = layer(features, features, _normal(1, 16, 16, 7))
        self.assertEqual(tuple(parameters.shape), (1, 16, 16, 4))

    def test_first_mode_is_sharp_and_the_second_within_bounds(self):
        layer = MixtureLevel("local", 64.0, width=0.25)
        features = _normal(1, 4, 5, 6)
        layer(features, features, features)
        for bias, variance in ((-50.0, 2.0), (50.0, 64.0)):
            layer.uncertainty.head.bias.assign([bias, 3.0, -4.0])
            parameters = np.asarray(layer(features, features, features))
            self.assert_close(parameters[..., 0], np.zeros((1, 4, 5)), atol=0)
            self.assert_close(
                parameters[..., 1], np.full((1, 4, 5), math.log(variance))
            )
            self.assertTrue((parameters[..., 2] > parameters[..., 3]).all())


def test_maximum_variance_must_exceed_the_minimum():
    with pytest.raises(ValueError, match="`max_variance` must be > 2"):
        MixtureLevel("local", 2.0)


def test_unknown_correlation_is_named():
    with pytest.raises(ValueError, match="`correlation` must be one of"):
        MixtureLevel("gocor", 64.0)
