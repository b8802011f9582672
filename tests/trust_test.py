import numpy as np
import pytest

from gocor_tf.ops import mixture
from gocor_tf.trust import ConsistencyTrust, GivenTrust, MixtureTrust


def _mixture():
    """Returns two modes of variances 1 and 100, their shares 3 : 1."""
    values = (0.0, np.log(100.0), np.log(3.0), 0.0)
    return np.broadcast_to(np.float32(values), (2, 3, 4))


def _expected(radius):
    return mixture.interval_probability(
        _mixture()[..., :2], _mixture()[..., 2:], radius
    )


@pytest.mark.parametrize("pixel", [1.0, 0.5, 4.0])
def test_a_mixtures_radius_is_in_pixels_of_the_query(pixel):
    trust = MixtureTrust(radius=5.0)
    np.testing.assert_allclose(
        trust.confidence(_mixture(), pixel), _expected(5 / pixel), rtol=1e-6
    )
    np.testing.assert_allclose(
        trust.sharpness(_mixture(), pixel), _expected(1 / pixel), rtol=1e-6
    )


def test_deviations():
    expected = np.full((2, 3), np.sqrt(0.75 + 25), np.float32)
    np.testing.assert_allclose(
        MixtureTrust(1.0).deviation(_mixture()), expected, rtol=1e-6
    )
    # A confidence of 0.5 is an error of one pixel of a 256 x 256 image.
    half = np.full((10, 512, 1), 0.5)
    np.testing.assert_allclose(ConsistencyTrust().deviation(half), 2.0)
    assert not GivenTrust().deviation(half).any()


def test_consistency_is_converted_to_fractions_of_the_reference():
    trust = np.full((1, 1, 1), 0.5)
    np.testing.assert_allclose(ConsistencyTrust().confidence(trust), 0.5)
    confidence = ConsistencyTrust().confidence(trust, pixel=3.0, share=0.25)
    np.testing.assert_allclose(confidence, 0.8)


def test_a_given_confidence_stays():
    trust = np.full((1, 1, 1), 0.3)
    np.testing.assert_array_equal(GivenTrust().sharpness(trust, 2.0, 0.5), 0.3)
