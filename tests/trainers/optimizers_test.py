import numpy as np
import pytest
from keras import ops

from gocor_tf.trainers import optimizers
from gocor_tf.trainers.configs.schema import OptimizerConfig

VARIABLE = np.array([1.0, -2.0, 3.0], "float32")
GRADIENTS = np.random.default_rng(0).normal(size=(3, 3)).astype("float32")


def test_adam_follows_the_paper():
    adam = optimizers.Adam(beta_1=0.8, beta_2=0.9, epsilon=1e-2)
    variables, slots = [ops.array(VARIABLE)], adam.create_slots([VARIABLE])
    expected, first, second = VARIABLE.astype("float64"), 0.0, 0.0
    for t, gradient in enumerate(GRADIENTS, start=1):
        variables, slots = adam.apply(
            variables, [ops.array(gradient)], slots, float(t - 1), [0.1]
        )
        first = 0.8 * first + 0.2 * gradient
        second = 0.9 * second + 0.1 * gradient**2
        root = np.sqrt(second / (1 - 0.9**t)) + 1e-2
        expected = expected - 0.1 * first / (1 - 0.8**t) / root
    np.testing.assert_allclose(variables[0], expected, rtol=1e-5)


def test_sgd_goes_down_the_gradient():
    sgd = optimizers.SGD()
    variables, slots = sgd.apply([VARIABLE], [GRADIENTS[0]], [], 0.0, [0.5])
    np.testing.assert_allclose(variables[0], VARIABLE - 0.5 * GRADIENTS[0])
    assert slots == sgd.create_slots([VARIABLE]) == []


@pytest.mark.parametrize(
    ("schedule", "step", "expected"),
    [
        ("cosine", 0, 4.0 / 11),
        ("cosine", 10, 4.0),
        ("cosine", 55, 2.2),
        ("cosine", 99, 0.4011),
        ("step", 59, 4.0),
        ("step", 60, 2.0),
        ("step", 80, 1.0),
        ("constant", 99, 4.0),
    ],
)
def test_learning_rate(schedule, step, expected):
    config = OptimizerConfig(
        schedule=schedule,
        learning_rate=4.0,
        warmup=0.1 if step < 59 else 0.0,
        final_learning_rate=0.1,
    )
    rate = optimizers.learning_rate(config, 100, step)
    assert rate == pytest.approx(expected, rel=3e-3)


def test_warmup_rises_in_equal_steps_to_the_peak():
    config = OptimizerConfig(learning_rate=5.0, warmup=0.4)
    rates = [optimizers.learning_rate(config, 10, step) for step in range(5)]
    assert rates == pytest.approx([1.0, 2.0, 3.0, 4.0, 5.0])


def test_clipping_bounds_the_global_norm():
    gradients = [np.array([3.0, 0.0]), np.array([4.0])]
    norm = optimizers.global_norm(gradients)
    assert float(norm) == pytest.approx(5.0)
    clipped = optimizers.clip_by_global_norm(gradients, norm, 1.0)
    np.testing.assert_allclose(clipped[0], [0.6, 0.0], rtol=1e-6)
    same = optimizers.clip_by_global_norm(gradients, norm, 10.0)
    np.testing.assert_allclose(same[1], [4.0])


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="`optimizer.name` must be"):
        optimizers.get(OptimizerConfig(name="adamw"))
    with pytest.raises(ValueError, match="`optimizer.schedule` must be"):
        optimizers.learning_rate(OptimizerConfig(schedule="linear"), 10, 0)
