import types

import keras
import numpy as np
import pytest
from keras import ops

from gocor_tf.trainers import runners, strategies

RATE = 0.5


class Averaging:
    """A training step whose one weight goes towards the batch's mean.

    `num_traces` counts how often it was traced.
    """

    def __init__(self):
        self.strategy = strategies.create_strategy("one")
        with self.strategy.scope():
            layer = keras.layers.Dense(
                1, use_bias=False, kernel_initializer="zeros"
            )
            self.model = keras.Sequential([keras.Input((1,)), layer])
        self.num_traces = 0

    def initial_state(self):
        weights = [ops.copy(v) for v in self.model.trainable_variables]
        return {
            "trainable": weights,
            "non_trainable": [],
            "averages": [weight - 1.0 for weight in weights],
            "average_statistics": [],
            "accumulated": [ops.zeros_like(weight) for weight in weights],
        }

    def __call__(
        self, state, batch, learning_rate, is_last, all_reduce, num_replicas
    ):
        self.num_traces += 1
        (weight,), (accumulated,) = state["trainable"], state["accumulated"]
        gradient = ops.mean(weight - batch["value"]) / num_replicas
        accumulated = accumulated + all_reduce([gradient])[0]
        moved = weight - learning_rate * accumulated
        new_state = {
            **state,
            "trainable": [ops.where(is_last, moved, weight)],
            "accumulated": [
                ops.where(is_last, ops.zeros_like(weight), accumulated)
            ],
        }
        return new_state, {"loss": ops.sum(accumulated)}


@pytest.fixture
def step():
    return Averaging()


def _create_runner(step, jit_compile=False):
    return runners.TensorFlowRunner(step, step.strategy, jit_compile)


def _batch(*values):
    return {"value": np.array(values, "float32")[:, None]}


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_step_moves_the_model(step, jit_compile):
    runner = _create_runner(step, jit_compile)
    scalars = runner.step(_batch(1.0, 3.0), RATE)
    assert float(scalars["loss"]) == -2.0
    assert float(step.model.get_weights()[0][0, 0]) == 1.0


def test_only_the_last_part_moves_the_model_in_one_graph(step):
    runner = _create_runner(step)
    for value, is_last, expected in ((2.0, False, 0.0), (4.0, True, 3.0)):
        runner.step(_batch(value), RATE, is_last)
        assert float(step.model.get_weights()[0][0, 0]) == expected
    num_traces = step.num_traces
    runner.step(_batch(1.0), 0.1, False)
    assert step.num_traces == num_traces


def test_one_process_prepares_all_rows_and_writes_the_files(step):
    runner = _create_runner(step)
    assert runner.rows(6) == range(6)
    assert runner.is_chief
    assert runner.num_replicas == 1
    runner.check_same_step(3)


def test_a_state_is_written_as_it_was_read(step):
    runner = _create_runner(step)
    runner.step(_batch(1.0), RATE)
    state = runner.read()
    other = _create_runner(Averaging())
    other.write(state)
    for array, read in zip(state, other.read(), strict=True):
        np.testing.assert_array_equal(array, read)


def test_averages_are_evaluated_and_lent_to_the_model(step):
    runner = _create_runner(step)
    result = runner.evaluate(
        lambda trainable, non_trainable, batch: trainable[0] + batch["value"],
        _batch(5.0),
    )
    assert float(result[0, 0]) == 4.0
    with runner.averaged_model():
        assert float(step.model.get_weights()[0][0, 0]) == -1.0
    assert float(step.model.get_weights()[0][0, 0]) == 0.0


def test_several_replicas_are_not_compiled():
    strategy = types.SimpleNamespace(num_replicas_in_sync=2)
    with pytest.raises(ValueError, match="`jit_compile` must be False"):
        runners.TensorFlowRunner(None, strategy, jit_compile=True)
