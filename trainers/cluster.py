"""The workers that train together: who they are, and whether they are there.

TensorFlow's MultiWorkerMirroredStrategy waits for ever for a worker that never
starts, and holds Python's lock meanwhile, so that neither Ctrl-C nor a thread
can end it. So the workers greet each other first, over the ports that
TensorFlow uses right after.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import socket
import threading
import time

_JOBS = ("chief", "worker")
# Seconds between attempts to reach a worker, and until one is given up.
_INTERVAL = 0.2
_CONNECT_TIMEOUT = 2.0
_EXPECTED = (
    "`TF_CONFIG` must be JSON such as "
    '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, '
    '"task": {"type": "worker", "index": 0}}'
)


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The workers and this one's place among them.

    Attributes:
        addresses: `HOST:PORT` of every worker, the chief first.
        tasks: what TensorFlow calls them, such as `/job:worker/task:0`.
        index: of this worker.
    """

    addresses: tuple[str, ...]
    tasks: tuple[str, ...]
    index: int

    @property
    def others(self):
        """Indices of the other workers."""
        return [i for i in range(len(self.addresses)) if i != self.index]


def read_cluster():
    """Returns the `Cluster` in the environment variable `TF_CONFIG`.

    Returns:
        None where the variable is not set.

    Raises:
        ValueError: if it is malformed.
    """
    text = os.environ.get("TF_CONFIG", "")
    if not text:
        return None
    try:
        config = json.loads(text)
    except ValueError as error:
        raise _malformed(f"it is no JSON ({error})", text) from error
    if not isinstance(config, dict):
        raise _malformed("it is no JSON object", text)
    addresses = _read_addresses(config.get("cluster"), text)
    tasks = tuple(addresses)
    return Cluster(
        tuple(addresses.values()),
        tasks,
        _read_index(config.get("task"), tasks, text),
    )


def _read_addresses(jobs, text):
    """Returns a dict of tasks and their addresses, the chief first."""
    if not isinstance(jobs, dict) or not set(jobs) <= set(_JOBS):
        raise _malformed(f"`cluster` is no object of {_JOBS}", text)
    addresses = {}
    for job in _JOBS:
        listed = jobs.get(job, [])
        if not isinstance(listed, list):
            raise _malformed(f"`cluster.{job}` is no list", text)
        for index, address in enumerate(listed):
            if not _is_address(address):
                raise _malformed(f"{address!r} is no HOST:PORT", text)
            if address in addresses.values():
                raise _malformed(f"{address!r} is there twice", text)
            addresses[f"/job:{job}/task:{index}"] = address
    if "/job:chief/task:1" in addresses:
        raise _malformed("it has several chiefs", text)
    return addresses


def _is_address(address):
    if not isinstance(address, str):
        return False
    host, _, port = address.rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) < 2**16


def _read_index(task, tasks, text):
    """Returns the place of this worker among all."""
    if not isinstance(task, dict) or not {"type", "index"} <= set(task):
        raise _malformed("`task` has no `type` and `index`", text)
    name = f"/job:{task['type']}/task:{task['index']}"
    if name not in tasks:
        raise _malformed(f"`cluster` has no {name}", text)
    return tasks.index(name)


def _malformed(reason, text):
    return ValueError(f"{_EXPECTED}: {reason}. Received: TF_CONFIG={text}")


def wait_for_workers(cluster, timeout):
    """Returns when this worker and every other one have greeted each other.

    Args:
        cluster: `Cluster`.
        timeout: seconds to wait.

    Raises:
        TimeoutError: if a worker did not answer in time.
        OSError: if this worker's port cannot be used.
    """
    deadline = time.monotonic() + timeout
    others, reached = set(cluster.others), set()
    with _open_door(cluster, deadline) as visitors:
        while missing := others - (reached & visitors):
            if time.monotonic() > deadline:
                names = ", ".join(cluster.addresses[i] for i in sorted(missing))
                raise TimeoutError(
                    f"`TF_CONFIG` names workers that did not answer: {names}. "
                    "Start the same command on every host, with the same "
                    "cluster, within `worker_timeout` seconds. Received: "
                    f"worker_timeout={timeout:g}"
                )
            reached |= {i for i in missing - reached if _greets(cluster, i)}
            time.sleep(_INTERVAL)


@contextlib.contextmanager
def _open_door(cluster, deadline):
    """Answers greetings meanwhile; gives the growing set of who greeted."""
    visitors, closing = set(), threading.Event()
    with _open_port(cluster.addresses[cluster.index], deadline) as port:
        thread = threading.Thread(
            target=_answer, args=(cluster, port, visitors, closing)
        )
        thread.start()
        try:
            yield visitors
        finally:
            closing.set()
            thread.join()


def _open_port(address, deadline):
    """Returns a listening socket; an earlier run may still be ending."""
    family = socket.AF_INET
    if socket.has_dualstack_ipv6():
        family = socket.AF_INET6
    while True:
        try:
            return socket.create_server(
                ("", int(address.rpartition(":")[2])),
                family=family,
                dualstack_ipv6=family == socket.AF_INET6,
            )
        except OSError as error:
            if time.monotonic() > deadline:
                raise OSError(
                    "`TF_CONFIG` must give this worker a free port. "
                    f"Received: {address} ({error.strerror})"
                ) from error
        time.sleep(_INTERVAL)


def _answer(cluster, port, visitors, closing):
    """Greets back whoever greets, until closing."""
    greetings = {_greeting(cluster, i): i for i in cluster.others}
    mine = _greeting(cluster, cluster.index)
    port.settimeout(_INTERVAL)
    while not closing.is_set():
        with contextlib.suppress(OSError):
            connection, _ = port.accept()
            with connection:
                connection.settimeout(_CONNECT_TIMEOUT)
                visitor = greetings.get(connection.recv(len(mine)))
                if visitor is not None:
                    connection.sendall(mine)
                    visitors.add(visitor)


def _greets(cluster, index):
    """Returns whether another worker answers, and has the same cluster."""
    try:
        with _connect(cluster.addresses[index]) as connection:
            greeting = _greeting(cluster, cluster.index)
            connection.sendall(greeting)
            answer = connection.recv(len(greeting))
            return answer == _greeting(cluster, index)
    except OSError:
        return False


def _greeting(cluster, index):
    """Returns what a worker says: always as many bytes."""
    names = " ".join(cluster.addresses)
    return hashlib.sha256(f"{index} {names}".encode()).digest()


def _connect(address):
    host, _, port = address.rpartition(":")
    return socket.create_connection(
        (host.strip("[]"), int(port)), _CONNECT_TIMEOUT
    )


@contextlib.contextmanager
def explain_lost_workers(cluster):
    """Turns TensorFlow's errors about a lost worker into one that names it.

    Args:
        cluster: `Cluster`, or None for one process.

    Raises:
        RuntimeError: if a worker was lost.
    """
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        if cluster is None or not _is_of_cluster(error, tf.errors):
            raise
        raise RuntimeError(
            f"Lost worker {_lost(cluster, str(error))}. Start the same "
            "command on every host again: it goes on from the last checkpoint."
        ) from error


def _is_of_cluster(error, errors):
    kinds = (errors.UnavailableError, errors.AbortedError)
    return isinstance(error, kinds) or "ollective" in error.message


def _lost(cluster, message):
    """Returns the addresses of the workers that are gone."""
    gone = [i for i in cluster.others if not _is_there(cluster.addresses[i])]
    if not gone:
        # It is back already, started again: TensorFlow knew it by its task.
        tasks = message.replace("/replica:0", "")
        gone = [
            i
            for i in cluster.others
            if re.search(rf"{cluster.tasks[i]}\b", tasks)
        ]
    return ", ".join(cluster.addresses[i] for i in gone or cluster.others)


def _is_there(address):
    try:
        _connect(address).close()
    except OSError:
        return False
    return True
