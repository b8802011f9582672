"""Which devices train together: TensorFlow's distribution strategies."""

import faulthandler
import signal
import threading

import keras

from . import cluster

NAMES = ("auto", "mirrored", "multiworker", "tpu", "one")


def create_strategy(name="auto", devices=(), worker_timeout=300.0):
    """Returns TensorFlow's strategy; None on other backends.

    Args:
        name: "mirrored" for a replica on each device of this host,
            "multiworker" for those of all hosts that `TF_CONFIG` names, "tpu"
            for the cores of a TPU, "one" for the first device alone; "auto"
            is "multiworker" where `TF_CONFIG` names several workers, else
            "mirrored".
        devices: names such as `("CPU:0", "CPU:1")`; () is all GPUs, or the
            CPU where there are none. For "tpu": the TPU's name; () is the
            TPU of this host.
        worker_timeout: seconds to wait for the other workers.

    Raises:
        ValueError: if the name is unknown, or there are no such devices.
        TimeoutError: if another worker did not answer in time.
    """
    if name not in NAMES:
        raise ValueError(
            f"`strategy` must be one of {NAMES}. Received: strategy={name!r}"
        )
    if keras.backend.backend() != "tensorflow":
        if name not in ("auto", "one"):
            raise ValueError(
                "`strategy` must be 'auto' or 'one' on JAX. "
                f"Received: strategy={name!r}"
            )
        return None
    if name == "tpu":
        return _create_tpu(devices)
    workers = None
    if name in ("auto", "multiworker"):
        workers = cluster.read_cluster()
    if name == "multiworker" or (workers and len(workers.addresses) > 1):
        return _create_multiworker(workers, devices, worker_timeout)
    return _create_mirrored(name, list(devices))


def _create_mirrored(name, devices):
    import tensorflow as tf

    if name == "one":
        first = "GPU:0" if tf.config.list_logical_devices("GPU") else "CPU:0"
        devices = devices[:1] or [first]
    return tf.distribute.MirroredStrategy(devices or None)


def _create_multiworker(workers, devices, timeout):
    if workers is None:
        raise ValueError(
            "`strategy` 'multiworker' must find the workers in the "
            "environment variable `TF_CONFIG`. Received: TF_CONFIG=''"
        )
    if devices:
        raise ValueError(
            "`devices` must be () with several workers: they use all their "
            "GPUs, or those in CUDA_VISIBLE_DEVICES. "
            f"Received: devices={tuple(devices)}"
        )
    import tensorflow as tf

    cluster.wait_for_workers(workers, timeout)
    # Should a worker be lost in this very moment, nothing else ends the wait.
    faulthandler.dump_traceback_later(timeout, exit=True)
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGTERM)
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    finally:
        faulthandler.cancel_dump_traceback_later()
        if is_main:
            # TensorFlow's own handler would ignore the signal.
            signal.signal(signal.SIGTERM, handler)


def _create_tpu(devices):
    import tensorflow as tf

    name = devices[0] if devices else "local"
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(name)
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, OSError, tf.errors.OpError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            "`strategy` 'tpu' must find a TPU on this host, or the one named "
            f"by `devices`. Received: devices={tuple(devices)} ({reason})"
        ) from error
    return tf.distribute.TPUStrategy(resolver)
