import keras
import pytest

from gocor_tf.trainers import strategies


def test_one_replica_on_each_device():
    strategy = strategies.create_strategy("mirrored", ("CPU:0",))
    assert strategy.num_replicas_in_sync == 1
    assert strategies.create_strategy("one").num_replicas_in_sync == 1


def test_an_unknown_strategy_is_refused():
    with pytest.raises(ValueError, match="`strategy` must be one of"):
        strategies.create_strategy("all")


def test_jax_has_one_device(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert strategies.create_strategy("auto") is None
    with pytest.raises(ValueError, match="'auto' or 'one' on JAX"):
        strategies.create_strategy("mirrored")
