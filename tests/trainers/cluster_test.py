import json
import socket
import threading
import time

import pytest
import tensorflow as tf

from gocor_tf.trainers import cluster

TWO = {"worker": ["localhost:2222", "localhost:3333"]}
FIRST = {"type": "worker", "index": 0}


@pytest.fixture
def set_config(monkeypatch):
    """Returns a function that sets `TF_CONFIG`."""

    def set_to(text):
        monkeypatch.setenv("TF_CONFIG", text)

    return set_to


def _free_addresses(number):
    sockets = [socket.create_server(("", 0)) for _ in range(number)]
    addresses = [f"localhost:{s.getsockname()[1]}" for s in sockets]
    for opened in sockets:
        opened.close()
    return tuple(addresses)


def _cluster(addresses, index):
    tasks = [f"/job:worker/task:{i}" for i in range(len(addresses))]
    return cluster.Cluster(addresses, tuple(tasks), index)


def test_no_variable_is_no_cluster(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert cluster.read_cluster() is None


def test_the_chief_comes_first(set_config):
    jobs = {**TWO, "chief": ["host:1"]}
    task = {"type": "worker", "index": 1}
    set_config(json.dumps({"cluster": jobs, "task": task}))
    found = cluster.read_cluster()
    assert found.addresses == ("host:1", "localhost:2222", "localhost:3333")
    assert found.tasks[2] == "/job:worker/task:1"
    assert found.index == 2
    assert found.others == [0, 1]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("{", "it is no JSON"),
        ("[]", "it is no JSON object"),
        ("{}", "`cluster` is no object of"),
        ({"cluster": {"ps": ["host:1"]}}, "`cluster` is no object of"),
        ({"cluster": {"worker": "host:1"}}, "`cluster.worker` is no list"),
        ({"cluster": {"worker": ["host"]}}, "'host' is no HOST:PORT"),
        ({"cluster": {"worker": ["host:99999"]}}, "is no HOST:PORT"),
        ({"cluster": {"worker": [7]}}, "7 is no HOST:PORT"),
        ({"cluster": {"worker": ["host:1"] * 2}}, "'host:1' is there twice"),
        ({"cluster": {"chief": ["host:1", "host:2"]}}, "several chiefs"),
        ({"cluster": TWO}, "`task` has no `type` and `index`"),
        ({"cluster": TWO, "task": {"type": "worker"}}, "`task` has no"),
        (
            {"cluster": TWO, "task": {"type": "worker", "index": 2}},
            "`cluster` has no /job:worker/task:2",
        ),
    ],
)
def test_a_malformed_variable_is_refused(set_config, config, reason):
    set_config(config if isinstance(config, str) else json.dumps(config))
    with pytest.raises(ValueError, match="`TF_CONFIG` must be JSON") as error:
        cluster.read_cluster()
    assert reason in str(error.value)


def test_workers_wait_for_each_other():
    addresses = _free_addresses(3)
    threads = [
        threading.Thread(
            target=cluster.wait_for_workers, args=(_cluster(addresses, i), 30)
        )
        for i in range(3)
    ]
    for thread in threads[:2]:
        thread.start()
    time.sleep(0.5)
    assert threads[0].is_alive()
    assert threads[1].is_alive()
    threads[2].start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()


@pytest.mark.parametrize("listens", [False, True])
def test_a_host_that_does_not_answer_is_named(listens):
    addresses = _free_addresses(2)
    port = int(addresses[1].rpartition(":")[2])
    other = socket.create_server(("", port)) if listens else None
    with pytest.raises(TimeoutError, match=f"answer: {addresses[1]}. Start"):
        cluster.wait_for_workers(_cluster(addresses, 0), 0.5)
    if listens:
        other.close()


def test_workers_of_another_cluster_do_not_count():
    addresses = _free_addresses(3)
    other = threading.Thread(
        target=lambda: pytest.raises(
            TimeoutError,
            cluster.wait_for_workers,
            _cluster(addresses, 1),
            2.0,
        )
    )
    other.start()
    with pytest.raises(TimeoutError, match="with the same cluster"):
        cluster.wait_for_workers(_cluster(addresses[:2], 0), 1.0)
    other.join()


def test_a_port_that_is_taken_is_named():
    with socket.create_server(("", 0)) as taken:
        addresses = (f"localhost:{taken.getsockname()[1]}", "localhost:1")
        with pytest.raises(OSError, match=f"free port. .*{addresses[0]}"):
            cluster.wait_for_workers(_cluster(addresses, 0), 0.3)


def _raise_lost(addresses, error):
    with cluster.explain_lost_workers(_cluster(addresses, 0)):
        raise error


def test_a_lost_worker_is_named():
    addresses = _free_addresses(2)
    for error in (
        tf.errors.UnavailableError(None, None, "gone"),
        tf.errors.InternalError(None, None, "Collective ops is aborted"),
    ):
        with pytest.raises(RuntimeError, match=f"worker {addresses[1]}. Start"):
            _raise_lost(addresses, error)


def test_a_lost_worker_that_is_back_is_known_by_its_task():
    with (
        socket.create_server(("", 0)) as one,
        socket.create_server(("", 0)) as two,
    ):
        ports = (1, one.getsockname()[1], two.getsockname()[1])
        addresses = tuple(f"localhost:{port}" for port in ports)
        message = "Error from /job:worker/replica:0/task:2: gone"
        error = tf.errors.UnavailableError(None, None, message)
        with pytest.raises(RuntimeError, match=f"worker {addresses[2]}. Start"):
            _raise_lost(addresses, error)


def test_other_errors_stay_what_they_are():
    error = tf.errors.ResourceExhaustedError(None, None, "out of memory")
    with pytest.raises(tf.errors.ResourceExhaustedError):
        _raise_lost(("localhost:1", "localhost:2"), error)
    unavailable = tf.errors.UnavailableError(None, None, "gone")
    with (
        pytest.raises(tf.errors.UnavailableError),
        cluster.explain_lost_workers(None),
    ):
        raise unavailable
