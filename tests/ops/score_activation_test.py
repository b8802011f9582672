import numpy as np
import pytest
from keras import ops

from gocor_tf.ops import score_activation


def activate(scores, slope, eta=0.0):
    return ops.convert_to_numpy(
        score_activation.score_activation(np.array(scores), slope, eta)
    )


def differentiate(scores, slope, eta=0.0):
    return ops.convert_to_numpy(
        score_activation.score_activation_derivative(
            np.array(scores), slope, eta
        )
    )


def test_kink_scales_negative_scores():
    np.testing.assert_allclose(
        activate([-2.0, 0.0, 3.0], 0.25), [-0.5, 0.0, 3.0]
    )


def test_derivative_of_the_kink_at_zero_is_the_mean_slope():
    np.testing.assert_allclose(
        differentiate([-2.0, 0.0, 3.0], 0.25), [0.25, 0.625, 1.0]
    )


def test_smooth_form_is_the_formula_of_the_paper():
    scores = np.linspace(-2, 2, 9)
    expected = 0.4 * (np.sqrt(scores**2 + 0.09) - 0.3) + 0.6 * scores
    np.testing.assert_allclose(
        activate(scores, 0.2, eta=0.3), expected, rtol=1e-5
    )


@pytest.mark.parametrize("eta", [0.0, 0.3])
def test_derivative_equals_differences(eta):
    scores = np.array([-1.5, -0.2, 0.1, 2.0])
    slope = np.array([0.1, 0.5, -0.3, 2.0])
    step = 1e-2
    differences = (
        activate(scores + step, slope, eta)
        - activate(scores - step, slope, eta)
    ) / (2 * step)
    np.testing.assert_allclose(
        differentiate(scores, slope, eta), differences, atol=1e-3
    )


def test_smooth_form_tends_to_the_kink():
    scores = np.linspace(-2, 2, 9)
    np.testing.assert_allclose(
        activate(scores, 0.2, eta=1e-6), activate(scores, 0.2), atol=1e-6
    )
