import math

import keras
import numpy as np
import pytest
from keras import ops

from gocor_tf.losses import endpoint_error, negative_log_likelihood
from gocor_tf.ops import mixture

FLOW = np.array([[[[1, 0.5], [2, -1]], [[0, 2], [-3, 4]]]], "float32")
PREDICTED = np.array([[[[1.5, 0], [0, -1]], [[0, 5], [-3, 4]]]], "float32")
LOG_VARIANCE = np.stack(
    [np.zeros((1, 2, 2)), [[[1, 2], [3, 4]]]], axis=-1
).astype("float32")
LOGITS = np.stack([[[[0, 1], [2, -1]]], [[[0.5, 0], [-1, 3]]]], axis=-1).astype(
    "float32"
)
VALID = np.array([[[[1], [1]], [[0], [1]]]], "float32")


def test_mixture_of_laplacians_has_the_published_values():
    errors = negative_log_likelihood.laplace(
        PREDICTED, FLOW, LOG_VARIANCE, LOGITS
    )
    np.testing.assert_allclose(
        np.ravel(errors), [2.359667, 3.574340, 4.919584, 4.018150], atol=2e-6
    )
    reduce = endpoint_error.reduce_error
    assert float(reduce(errors)) == pytest.approx(14.87174, abs=1e-5)
    assert float(reduce(errors, VALID)) == pytest.approx(13.26954, abs=1e-5)
    mean = reduce(errors, reduction="mean")
    assert float(mean) == pytest.approx(3.71794, abs=1e-5)


def test_that_mixture_has_the_published_confidence_and_variance():
    np.testing.assert_allclose(
        np.ravel(mixture.interval_probability(LOG_VARIANCE, LOGITS, 1.0)),
        [0.422721, 0.463055, 0.549176, 0.040101],
        atol=1e-6,
    )
    np.testing.assert_allclose(
        np.ravel(mixture.mixture_variance(LOG_VARIANCE, LOGITS)),
        [2.06956, 2.71828, 1.90515, 53.63412],
        rtol=3e-6,
    )


@pytest.mark.parametrize(
    ("maximum", "variances", "logarithms"),
    [
        (
            256.0**2,
            [2.007, 3.000, 150.07, 32769.7],
            [0.69651, 1.0986, 5.01112, 10.39726],
        ),
        (520.0**2, [2.007, 3.000, 150.33, 52754.4], None),
    ],
)
def test_constrained_variances_have_the_published_values(
    maximum, variances, logarithms
):
    values = np.array([-5.0, 0.0, 5.0, 11.0904], "float32")
    constrained = np.asarray(
        mixture.constrain_log_variance(values, 2.0, maximum)
    )
    np.testing.assert_allclose(np.exp(constrained), variances, rtol=2.5e-4)
    if logarithms:
        np.testing.assert_allclose(constrained, logarithms, atol=2e-5)


@pytest.mark.parametrize("name", ["laplace", "gaussian"])
@pytest.mark.parametrize(
    "reduction", ["weighted_sum_normalized", "weighted_sum", "mean"]
)
def test_no_mask_is_a_mask_of_ones(name, reduction):
    errors = getattr(negative_log_likelihood, name)(
        PREDICTED, FLOW, LOG_VARIANCE, LOGITS
    )
    reduce = endpoint_error.reduce_error
    ones = np.ones_like(VALID)
    assert float(reduce(errors, None, reduction)) == pytest.approx(
        float(reduce(errors, ones, reduction)), rel=1e-6
    )


def test_huber_error_is_gaussian_within_a_pixel_and_linear_beyond():
    flow = np.array([[[[0.5, -0.25], [3.0, -2.0]]]], "float32")
    log_variance = np.full((1, 1, 2, 1), math.log(4.0), "float32")
    arguments = (np.zeros_like(flow), flow, log_variance)
    errors = np.ravel(negative_log_likelihood.gaussian_huber(*arguments))
    gaussian = np.ravel(negative_log_likelihood.gaussian(*arguments))
    expected = gaussian[0] - math.log(2 * math.pi)
    assert errors[0] == pytest.approx(expected, rel=1e-6)
    expected = math.log(4.0) + (2.5 + 1.5) / 4.0
    assert errors[1] == pytest.approx(expected, rel=1e-6)


def test_huber_error_has_one_mode():
    with pytest.raises(ValueError, match="`log_variance` must have one"):
        negative_log_likelihood.gaussian_huber(
            PREDICTED, FLOW, LOG_VARIANCE, LOGITS
        )


@pytest.mark.parametrize("name", ["laplace", "gaussian"])
def test_density_integrates_to_one(name):
    step = 0.125
    axis = np.arange(-24, 24, step)
    flow = np.stack(np.meshgrid(axis, axis), axis=-1)[None].astype("float32")
    log_variance = np.broadcast_to(np.array([0.0, 1.5], "float32"), flow.shape)
    logits = np.broadcast_to(np.array([0.5, -0.5], "float32"), flow.shape)
    errors = getattr(negative_log_likelihood, name)(
        np.zeros_like(flow), flow, log_variance, logits
    )
    total = np.exp(-np.asarray(errors, "float64")).sum() * step**2
    assert total == pytest.approx(1.0, abs=6e-3)


@pytest.mark.parametrize("name", ["laplace", "gaussian"])
def test_one_mode_needs_no_logits(name):
    error = getattr(negative_log_likelihood, name)
    single = LOG_VARIANCE[..., 1:]
    np.testing.assert_allclose(
        error(PREDICTED, FLOW, single),
        error(PREDICTED, FLOW, single, np.full_like(single, 3.0)),
        atol=1e-6,
    )


def test_perfect_flow_costs_its_variance():
    log_variance = np.full((1, 2, 2, 1), 3.0, "float32")
    errors = negative_log_likelihood.gaussian(FLOW, FLOW, log_variance)
    expected = math.log(2 * math.pi) + 3.0
    np.testing.assert_allclose(errors, np.full((1, 2, 2, 1), expected))


@pytest.mark.parametrize("name", ["laplace", "gaussian"])
def test_several_modes_need_logits(name):
    error = getattr(negative_log_likelihood, name)
    with pytest.raises(ValueError, match="`mixture_logits` must be given"):
        error(PREDICTED, FLOW, LOG_VARIANCE)


def test_the_widest_dtype_is_kept():
    tensors = np.zeros((3, 1, 2, 2, 2))
    dtypes = ("float64", "float32", "float32", "float64")
    for function in (
        negative_log_likelihood.laplace,
        negative_log_likelihood.gaussian,
    ):
        arguments = [
            ops.cast(tensor, dtype)
            for tensor, dtype in zip(
                [*tensors, tensors[0]], dtypes, strict=True
            )
        ]
        dtype = keras.backend.standardize_dtype(function(*arguments).dtype)
        assert dtype == "float64"
