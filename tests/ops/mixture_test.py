import math

import numpy as np
import pytest
from keras import ops

from gocor_tf.ops import mixture

LOG_VARIANCE = np.array([[[[0.0, 5.0]]]], "float32")
LOGITS = np.array([[[[1.0, -0.5]]]], "float32")


@pytest.mark.parametrize(
    ("maximum", "expected"),
    [
        (256.0**2, [0.693147, 1.098597, 5.011124, 11.070506]),
        (520.0**2, [0.693147, 1.098609, 5.012837, 12.428186]),
    ],
)
def test_published_bounds_of_the_variance(maximum, expected):
    values = np.array([-20, 0, 5, 15], "float32")
    log_variance = mixture.constrain_log_variance(values, 2.0, maximum)
    np.testing.assert_allclose(log_variance, expected, atol=2e-6)


def test_each_bound_alone_and_none():
    values = np.array([-90.0, 0.0, 3.0, 90.0], "float32")
    constrain = mixture.constrain_log_variance
    exact = np.exp(values.astype("float64"))
    np.testing.assert_allclose(
        constrain(values, minimum=2.0), np.log(2 + exact), rtol=1e-6
    )
    np.testing.assert_allclose(
        constrain(values, maximum=9.0), np.log(9 / (1 + 9 / exact)), rtol=1e-6
    )
    np.testing.assert_array_equal(constrain(values), values)


@pytest.mark.parametrize("bounds", [(-1, 0), (3, 2), (0, -2)])
def test_bounds_must_be_ordered(bounds):
    with pytest.raises(ValueError, match="`minimum` and `maximum` must be"):
        mixture.constrain_log_variance(np.zeros(2), *bounds)


@pytest.mark.parametrize(("radius", "expected"), [(1, 0.470557), (3, 0.810024)])
def test_published_probabilities(radius, expected):
    probability = mixture.interval_probability(LOG_VARIANCE, LOGITS, radius)
    assert probability.shape == (1, 1, 1)
    assert float(probability[0, 0, 0]) == pytest.approx(expected, abs=2e-6)


def test_published_variance():
    variance = mixture.mixture_variance(LOG_VARIANCE, LOGITS)
    assert float(variance[0, 0, 0]) == pytest.approx(27.891923, rel=1e-6)


def test_confidence_of_variance_one_saturates():
    logits = np.array([[[[50.0, -50.0]]]], "float32")
    probability = mixture.interval_probability(LOG_VARIANCE, logits)
    expected = (1 - math.exp(-math.sqrt(2))) ** 2
    assert expected == pytest.approx(0.5729, abs=1e-4)
    assert float(probability[0, 0, 0]) == pytest.approx(expected, rel=1e-6)


def _sample_errors(distribution, number=400_000):
    """Draws errors of the mixture above, `(number, 2)`."""
    rng = np.random.default_rng(0)
    share = 1 / (1 + math.exp(-1.5))
    deviation = np.where(rng.uniform(size=number) < share, 1.0, math.exp(2.5))
    if distribution == "laplace":
        errors = rng.laplace(scale=math.sqrt(0.5), size=(number, 2))
    else:
        errors = rng.normal(size=(number, 2))
    return errors * deviation[:, None]


@pytest.mark.parametrize("radius", [1.0, 4.0])
def test_probability_is_that_of_a_box_or_a_disc(radius):
    box = np.abs(_sample_errors("laplace")).max(axis=-1) < radius
    probability = mixture.interval_probability(LOG_VARIANCE, LOGITS, radius)
    assert float(probability[0, 0, 0]) == pytest.approx(box.mean(), abs=3e-3)
    disc = np.hypot(*_sample_errors("gaussian").T) < radius
    probability = mixture.interval_probability(
        LOG_VARIANCE, LOGITS, radius, "gaussian"
    )
    assert float(probability[0, 0, 0]) == pytest.approx(disc.mean(), abs=3e-3)


@pytest.mark.parametrize("distribution", mixture.DISTRIBUTIONS)
def test_one_mode_needs_no_logits(distribution):
    single = LOG_VARIANCE[..., 1:]
    np.testing.assert_array_equal(
        mixture.interval_probability(single, None, 2.0, distribution),
        mixture.interval_probability(
            single, np.ones_like(single), 2.0, distribution
        ),
    )


def test_half_precision_is_widened():
    log_variance = ops.cast(LOG_VARIANCE + 7, "float16")
    variance = mixture.mixture_variance(log_variance, LOGITS)
    assert float(variance[0, 0, 0]) > 30_000


def test_unknown_distribution_is_named():
    with pytest.raises(ValueError, match="`distribution` must be one of"):
        mixture.interval_probability(LOG_VARIANCE, LOGITS, 1.0, "cauchy")


def test_radius_must_be_positive():
    with pytest.raises(ValueError, match="`radius` must be > 0"):
        mixture.interval_probability(LOG_VARIANCE, LOGITS, 0)


def test_several_modes_need_logits():
    with pytest.raises(ValueError, match="`mixture_logits` must be given"):
        mixture.mixture_variance(LOG_VARIANCE)
