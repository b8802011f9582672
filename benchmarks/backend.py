"""What the benchmarks ask of Keras's backend, TensorFlow or JAX.

TensorFlow is imported only where Keras runs on it, so that the same benchmarks
run where JAX alone is installed.
"""

import contextlib
import importlib.metadata
import os
import platform

import keras
from absl import logging

# A network's answer: what users of it read.
ANSWER = ("flow", "confidence")
TITLES = {"tensorflow": "TensorFlow", "jax": "JAX"}


def name():
    """Returns the backend's name.

    Raises:
        ValueError: if it is neither TensorFlow nor JAX.
    """
    found = keras.backend.backend()
    if found not in TITLES:
        raise ValueError(
            f"`KERAS_BACKEND` must be one of {tuple(TITLES)}. "
            f"Received: KERAS_BACKEND={found}"
        )
    return found


@contextlib.contextmanager
def quiet():
    """Hides what the backend says beside errors, such as each retracing."""
    loggers = [logging.get_absl_logger()]
    if name() == "tensorflow":
        import tensorflow as tf

        loggers.append(tf.get_logger())
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel("ERROR")
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def compile_function(function):
    """Returns a function of tensors as the backend compiles it."""
    if name() == "tensorflow":
        import tensorflow as tf

        return tf.function(function)
    import jax

    return jax.jit(function)


def compile_network(model):
    """Returns a network as a compiled function of a pair to its answer.

    The answer is a list: the flow and, of networks that give it, the
    confidence.

    Args:
        model: built network of the family.
    """

    def answer(outputs):
        return [outputs[name] for name in ANSWER if name in outputs]

    if name() == "tensorflow":
        return compile_function(lambda pair: answer(model(pair)))
    run = compile_function(
        lambda variables, pair: answer(
            model.stateless_call(*variables, pair)[0]
        )
    )
    groups = model.trainable_variables, model.non_trainable_variables
    variables = [[v.value for v in group] for group in groups]
    return lambda pair: run(variables, pair)


def trace_gradient(function, inputs, weights=()):
    """Compiles a function followed by its gradients, without running it.

    Args:
        function: takes the inputs, returns one tensor.
        inputs: list of tensors; they get gradients.
        weights: Keras variables that get gradients too.

    Returns:
        A callable without arguments.
    """
    if name() == "tensorflow":
        return _trace_tensorflow(function, inputs, weights)
    import jax

    def with_weights(values, tensors):
        mapping = list(zip(weights, values))  # noqa: B905
        with keras.StatelessScope(state_mapping=mapping):
            return function(*tensors)

    def gradient(*arguments):
        output, pull_back = jax.vjp(with_weights, *arguments)
        return pull_back(output)

    arguments = [w.value for w in weights], list(inputs)
    compiled = jax.jit(gradient).lower(*arguments).compile()
    return lambda: compiled(*arguments)


def _trace_tensorflow(function, inputs, weights):
    import tensorflow as tf

    @tf.function
    def gradient(*tensors):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            output = function(*tensors)
        return tape.gradient(
            output,
            [*tensors, *(w.value for w in weights)],
            output_gradients=output,
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )

    traced = gradient.get_concrete_function(*inputs)
    return lambda: traced(*inputs)


def wait(result):
    """Waits until tensors, in any structure, are computed; copies nothing."""
    if name() == "tensorflow":
        import tensorflow as tf

        tf.test.experimental.sync_devices()
        return
    import jax

    jax.block_until_ready(result)


def is_out_of_memory(error):
    """Returns whether an exception says that memory was used up."""
    return isinstance(error, MemoryError) or any(
        words in str(error)
        for words in ("RESOURCE_EXHAUSTED", "Out of memory", "OOM when")
    )


def device():
    """Returns "cpu", or the name of the accelerator that is computed on."""
    if name() == "jax":
        import jax

        first = jax.devices()[0]
        return "cpu" if first.platform == "cpu" else first.device_kind
    import tensorflow as tf

    accelerators = tf.config.list_physical_devices("GPU")
    if not accelerators:
        return "cpu"
    details = tf.config.experimental.get_device_details(accelerators[0])
    return details.get("device_name", "GPU")


def describe():
    """Returns what figures depend on: machine, versions, backend, device."""
    packages = [name(), "keras", "numpy"]
    return {
        "backend": name(),
        "device": device(),
        "machine": {
            "cores": os.cpu_count(),
            "architecture": platform.machine(),
            "malloc": os.environ.get("GLIBC_TUNABLES", ""),
        },
        "versions": {
            "python": platform.python_version(),
            **{p: importlib.metadata.version(p) for p in packages},
        },
    }
