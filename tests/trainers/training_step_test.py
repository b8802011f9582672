import keras
import numpy as np
import pytest
from keras import ops

from gocor_tf.trainers.configs.schema import LossConfig, OptimizerConfig
from gocor_tf.trainers.training_step import TrainingStep

LEARNING_RATE = 1e-6


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (2, 1, 256, 256, 3)).astype("float32")
    return {
        "reference": ops.array(images[0]),
        "query": ops.array(images[1]),
        "flow": ops.full((1, 256, 256, 2), 8.0),
        "valid": ops.ones((1, 256, 256, 1)),
        "mask": ops.ones((1, 256, 256, 1)),
    }


def _step(model, pair, loss=None, **optimizer):
    """Takes one step of plain gradient descent from the model's weights."""
    step = TrainingStep(
        model,
        lambda batch: {**pair, "flow": pair["flow"] * batch["factor"]},
        loss or LossConfig(),
        OptimizerConfig(name="sgd", **optimizer),
    )

    def take(factor=1.0):
        state = step.initial_state()
        return state, *step(state, {"factor": factor}, LEARNING_RATE)

    return take


def _moved(before, after):
    pairs = zip(before["trainable"], after["trainable"], strict=True)
    return [ops.convert_to_numpy(old - new) for old, new in pairs]


def _norm(arrays):
    return np.sqrt(sum(np.sum(np.square(array)) for array in arrays))


def test_a_step_moves_weights_and_statistics(small_network, pair):
    before, after, scalars = _step(small_network, pair)()
    norm = float(scalars["gradient_norm"])
    # A difference of float32 weights is exact to their rounding only.
    assert _norm(_moved(before, after)) == pytest.approx(
        LEARNING_RATE * norm, rel=1e-2
    )
    assert float(after["num_updates"]) == 1
    assert any(
        np.any(ops.convert_to_numpy(old != new))
        for old, new in zip(
            before["non_trainable"], after["non_trainable"], strict=True
        )
    )


def test_a_gradient_that_is_not_finite_changes_nothing(small_network, pair):
    before, after, scalars = _step(small_network, pair)(np.inf)
    for name in ("num_skipped", "num_skipped_in_row"):
        assert float(after.pop(name)) == float(scalars[name]) == 1
        before.pop(name)
    for old, new in zip(
        keras.tree.flatten(before), keras.tree.flatten(after), strict=True
    ):
        np.testing.assert_array_equal(old, new)


def test_clipping_bounds_the_step(small_network, pair):
    before, after, _ = _step(small_network, pair, clip_norm=1e4)()
    assert _norm(_moved(before, after)) == pytest.approx(
        LEARNING_RATE * 1e4, rel=1e-2
    )


def test_weight_decay_is_in_the_gradient(small_network, pair):
    _, plain, _ = _step(small_network, pair)()
    before, after, _ = _step(small_network, pair, weight_decay=1e5)()
    expected = [0.1 * ops.convert_to_numpy(v) for v in before["trainable"]]
    for array, other in zip(_moved(plain, after), expected, strict=True):
        np.testing.assert_allclose(array, other, atol=1e-5)


def test_the_matching_loss_has_its_weight(small_network, pair):
    _, _, plain = _step(small_network, pair)()
    _, _, both = _step(small_network, pair, LossConfig(matching_weight=3.0))()
    added = float(both["loss"]) - float(plain["loss"])
    expected = 3 * float(both["matching_loss"])
    assert expected > 1
    assert added == pytest.approx(expected, rel=1e-2)


def test_parts_of_a_batch_add_up_to_one_step(small_network, pair):
    step = TrainingStep(
        small_network,
        lambda batch: {**pair, "flow": pair["flow"] * batch["factor"]},
        LossConfig(),
        OptimizerConfig(name="sgd", accumulation=2),
    )
    start = step.initial_state()
    first, _ = step(start, {"factor": 1.0}, LEARNING_RATE, False)
    assert _norm(_moved(start, first)) == 0
    second, _ = step(first, {"factor": 1.0}, LEARNING_RATE, True)
    assert float(second["num_updates"]) == 1
    assert _norm(second["accumulated"]) == 0
    # Statistics have no part in the loss while training.
    _, whole, _ = _step(small_network, pair)()
    difference = [
        a - b
        for a, b in zip(
            _moved(start, second), _moved(start, whole), strict=True
        )
    ]
    assert _norm(difference) < 1e-2 * _norm(_moved(start, whole))


def test_a_part_that_is_not_finite_spoils_its_batch_alone(small_network, pair):
    step = TrainingStep(
        small_network,
        lambda batch: {**pair, "flow": pair["flow"] * batch["factor"]},
        LossConfig(),
        OptimizerConfig(name="sgd", accumulation=2),
    )
    start = step.initial_state()
    state, _ = step(start, {"factor": np.inf}, LEARNING_RATE, False)
    state, scalars = step(state, {"factor": 1.0}, LEARNING_RATE, True)
    assert float(scalars["num_skipped"]) == 1
    assert _norm(_moved(start, state)) == 0
    state, _ = step(state, {"factor": 1.0}, LEARNING_RATE, False)
    state, _ = step(state, {"factor": 1.0}, LEARNING_RATE, True)
    assert float(state["num_updates"]) == 1
    assert float(state["num_skipped_in_row"]) == 0
    assert _norm(_moved(start, state)) > 0


def test_averages_follow_the_weights(small_network, pair):
    before, after, _ = _step(small_network, pair, average_decay=0.99)()
    # In the first update a share of 2 / 11 of the old average is kept.
    for values, averages in (
        ("trainable", "averages"),
        ("non_trainable", "average_statistics"),
    ):
        assert before[values]
        for old, new, average in zip(
            before[values], after[values], after[averages], strict=True
        ):
            np.testing.assert_allclose(
                average, new + 2 / 11 * (old - new), rtol=1e-5, atol=1e-6
            )


def test_the_pyramid_has_a_learning_rate_of_its_own(small_network, pair):
    before, after, _ = _step(small_network, pair)()
    _, slow, _ = _step(
        small_network, pair, learning_rate=1.0, backbone_learning_rate=0.25
    )()
    in_pyramid = {id(v) for v in small_network.pyramid.trainable_variables}
    factors = [
        0.25 if id(v) in in_pyramid else 1.0
        for v in small_network.trainable_variables
    ]
    assert set(factors) == {0.25, 1.0}
    moves = _moved(before, after), _moved(before, slow)
    for factor, move, slow_move in zip(factors, *moves, strict=True):
        np.testing.assert_allclose(
            slow_move, factor * move, rtol=0.05, atol=1e-6
        )


def test_other_backends_are_refused(small_network, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(ValueError, match="`KERAS_BACKEND` must be one of"):
        TrainingStep(small_network, None, LossConfig(), OptimizerConfig())
