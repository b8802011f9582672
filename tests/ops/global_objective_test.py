import itertools

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from tests.layers.global_gocor_formulas import (
    make_features,
    make_problem,
    make_residuals,
)

INITIALIZERS = [
    "simple",
    "flexible_simple",
    "context_aware",
    "flexible_context_aware",
    "zero",
]
OBJECTIVES = [
    *(
        {"v_minus_act": activation, "score_eta": eta}
        for activation in ("sigmoid", "linear", "softplus")
        for eta in (0.0, 0.3)
    ),
    {"reference_objective": "regression"},
]
every_combination = pytest.mark.parametrize(
    ("settings", "query_objective", "initializer"),
    list(itertools.product(OBJECTIVES, (False, True), INITIALIZERS)),
)
with_and_without_query = pytest.mark.parametrize(
    "query_objective", [False, True]
)


def half_power(residual):
    return 0.5 * np.sum(np.reshape(residual, (2, -1)) ** 2, axis=-1)


@every_combination
def test_gradient_and_step_equal_automatic_differentiation(
    settings, query_objective, initializer
):
    layer, filter_map, reference, query = make_problem(
        query_objective=query_objective, initializer=initializer, **settings
    )
    with tf.GradientTape() as tape:
        tape.watch(filter_map)
        residuals = make_residuals(layer, filter_map, reference, query)
        total = sum(tf.reduce_sum(r**2) / 2 for r in residuals.values())
    gradient = tape.gradient(total, filter_map)
    with tf.autodiff.ForwardAccumulator(filter_map, gradient) as forward:
        residuals = make_residuals(layer, filter_map, reference, query)
    changes = [forward.jvp(residual) for residual in residuals.values()]
    kept = (2, 1) if query_objective else (2, 12)
    power = np.sum(np.reshape(gradient**2, (*kept, -1)), -1)
    curvature = sum(np.sum(np.reshape(c**2, (*kept, -1)), -1) for c in changes)
    step = np.exp(layer.log_step_length.numpy()) * power / curvature
    arguments = filter_map, reference, query
    np.testing.assert_allclose(
        layer.gradient(*arguments), gradient, rtol=1e-8, atol=1e-8
    )
    np.testing.assert_allclose(
        np.reshape(layer.step_length(*arguments), (2, 12)),
        np.broadcast_to(step, (2, 12)),
        rtol=1e-8,
    )


@every_combination
def test_objective_is_what_it_says_and_falls(
    settings, query_objective, initializer
):
    layer, filter_map, reference, query = make_problem(
        query_objective=query_objective, initializer=initializer, **settings
    )
    totals = []
    for number in range(4):
        current = layer.steepest_descent(filter_map, reference, query, number)
        terms = layer.objective(current, reference, query)
        totals.append(ops.convert_to_numpy(terms.pop("total")))
        residuals = make_residuals(layer, current, reference, query)
        assert residuals.keys() == terms.keys()
        for name, residual in residuals.items():
            np.testing.assert_allclose(terms[name], half_power(residual))
    assert np.all(np.diff(totals, axis=0) < 0)


@with_and_without_query
def test_descent_takes_its_steps_along_the_gradient(query_objective):
    layer, filter_map, *features = make_problem(query_objective=query_objective)
    expected = filter_map
    for _ in range(3):
        step = layer.step_length(expected, *features)
        expected = expected - step * layer.gradient(expected, *features)
    np.testing.assert_allclose(
        layer.steepest_descent(filter_map, *features, 3), expected, atol=1e-12
    )


@with_and_without_query
def test_derivatives_through_the_iterations_equal_differences(query_objective):
    """First derivatives of the volume, and second ones of its gradient."""
    layer, _, reference, query = make_problem(
        query_objective=query_objective, score_eta=0.3, num_iterations=2
    )
    direction = tf.constant(make_features(2, 3, 4, 5, seed=3))

    def differentiate(shift):
        point = reference + shift * direction
        with tf.GradientTape() as outer:
            outer.watch(point)
            with tf.GradientTape() as inner:
                inner.watch(point)
                value = tf.reduce_sum(layer(point, query) ** 3)
            slope = tf.reduce_sum(inner.gradient(value, point) * direction)
        bend = tf.reduce_sum(outer.gradient(slope, point) * direction)
        return np.array([value, slope, bend])

    after, before = differentiate(1e-5), differentiate(-1e-5)
    differences = (after - before)[:2] / 2e-5
    np.testing.assert_allclose(differentiate(0.0)[1:], differences, rtol=1e-6)
