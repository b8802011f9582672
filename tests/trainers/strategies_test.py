import json
import socket

import keras
import pytest

from gocor_tf.trainers import strategies


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)


def _set_cluster(monkeypatch, addresses):
    config = {
        "cluster": {"worker": addresses},
        "task": {"type": "worker", "index": 0},
    }
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))


def test_one_replica_on_each_device():
    strategy = strategies.create_strategy("mirrored", ("CPU:0",))
    assert strategy.num_replicas_in_sync == 1
    assert strategies.create_strategy("one").num_replicas_in_sync == 1


def test_auto_with_one_worker_is_mirrored(monkeypatch):
    assert strategies.create_strategy().cluster_resolver is None
    _set_cluster(monkeypatch, ["localhost:2222"])
    assert strategies.create_strategy().cluster_resolver is None


def test_auto_with_several_workers_waits_for_them(monkeypatch):
    _set_cluster(monkeypatch, ["localhost:0"])
    with pytest.raises(ValueError, match="'localhost:0' is no HOST:PORT"):
        strategies.create_strategy()
    with socket.create_server(("", 0)) as free:
        port = free.getsockname()[1]
    _set_cluster(monkeypatch, [f"localhost:{port}", "localhost:1"])
    with pytest.raises(TimeoutError, match="did not answer: localhost:1"):
        strategies.create_strategy(worker_timeout=0.1)


def test_several_workers_need_a_cluster():
    with pytest.raises(ValueError, match="must find the workers"):
        strategies.create_strategy("multiworker")


def test_several_workers_take_all_devices(monkeypatch):
    _set_cluster(monkeypatch, ["localhost:2222", "localhost:3333"])
    with pytest.raises(ValueError, match=r"`devices` must be \(\) with"):
        strategies.create_strategy("multiworker", ("CPU:0",))


def test_no_tpu_is_one_clear_error():
    with pytest.raises(ValueError, match="must find a TPU on this host"):
        strategies.create_strategy("tpu")


def test_an_unknown_strategy_is_refused():
    with pytest.raises(ValueError, match="`strategy` must be one of"):
        strategies.create_strategy("all")


@pytest.mark.parametrize("name", ["mirrored", "multiworker", "tpu"])
def test_jax_has_one_device(monkeypatch, name):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert strategies.create_strategy("auto") is None
    assert strategies.create_strategy("one") is None
    with pytest.raises(ValueError, match="'auto' or 'one' on JAX"):
        strategies.create_strategy(name)
