"""Where a training step runs: TensorFlow replicas, or one JAX device.

Both keep the training state on their devices and offer the same methods:
`step`, `evaluate`, `read` and `write`.
"""

import keras
import numpy as np
from keras import ops


def create_strategy(devices):
    """Returns TensorFlow's MirroredStrategy; None on other backends.

    Args:
        devices: names such as `("CPU:0", "CPU:1")`; () is all GPUs, or the
            CPU where there are none.
    """
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(list(devices) or None)


class TensorFlowRunner:
    """Runs a training step in every replica of a strategy.

    Args:
        training_step: `TrainingStep`.
        strategy: whose scope the model was built in.
    """

    def __init__(self, training_step, strategy):
        import tensorflow as tf

        self._strategy = strategy
        model = training_step.model
        with strategy.scope():
            state = training_step.initial_state()
            self._variables = keras.tree.map_structure(
                lambda value: tf.Variable(value, trainable=False), state
            )
            for name in ("trainable", "non_trainable"):
                variables = getattr(model, f"{name}_variables")
                self._variables[name] = [v.value for v in variables]
        self._training_step = training_step
        self._compiled_step = tf.function(self._step, autograph=False)
        self._compiled = {}

    @property
    def num_replicas(self):
        """Replicas that share each batch."""
        return self._strategy.num_replicas_in_sync

    def step(self, batch, learning_rate):
        """Takes one step; returns a dict of scalars still on the device."""
        return self._compiled_step(
            self._split(batch), ops.convert_to_tensor(learning_rate, "float32")
        )

    def evaluate(self, function, batch):
        """Runs `function(trainable, non_trainable, batch)`, compiled."""
        import tensorflow as tf

        if function not in self._compiled:
            self._compiled[function] = tf.function(
                lambda batch: function(
                    self._values("trainable"),
                    self._values("non_trainable"),
                    batch,
                ),
                autograph=False,
            )
        batch = {k: ops.convert_to_tensor(v) for k, v in batch.items()}
        return self._compiled[function](batch)

    def update_model(self):
        """Does nothing: the state holds the model's own variables."""

    def read(self):
        """Returns the state as a flat list of arrays."""
        return [v.numpy() for v in keras.tree.flatten(self._variables)]

    def write(self, arrays):
        """Replaces the state by what `read` returned."""
        variables = keras.tree.flatten(self._variables)
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)

    def _values(self, name):
        return [ops.convert_to_tensor(v) for v in self._variables[name]]

    def _split(self, batch):
        """Gives each replica its share of the batch."""
        share = len(next(iter(batch.values()))) // self.num_replicas

        def part(context):
            start = context.replica_id_in_sync_group * share
            return {
                name: ops.convert_to_tensor(value[start : start + share])
                for name, value in batch.items()
            }

        return self._strategy.experimental_distribute_values_from_function(part)

    def _step(self, batch, learning_rate):
        scalars = self._strategy.run(
            self._replica_step, args=(batch, learning_rate)
        )
        return {
            name: self._strategy.experimental_local_results(value)[0]
            for name, value in scalars.items()
        }

    def _replica_step(self, batch, learning_rate):
        import tensorflow as tf

        context = tf.distribute.get_replica_context()
        state = keras.tree.map_structure(ops.convert_to_tensor, self._variables)
        state, scalars = self._training_step(
            state,
            batch,
            learning_rate,
            lambda values: context.all_reduce("SUM", values),
            self.num_replicas,
        )
        context.merge_call(
            _assign_all,
            args=(
                keras.tree.flatten(self._variables),
                keras.tree.flatten(state),
            ),
        )
        return scalars


def _assign_all(strategy, variables, values):
    for variable, value in zip(variables, values, strict=True):
        strategy.extended.update(
            variable, lambda v, new: v.assign(new), args=(value,)
        )


class JaxRunner:
    """Runs a training step on JAX's default device.

    Args:
        training_step: `TrainingStep`.
    """

    num_replicas = 1

    def __init__(self, training_step):
        import jax

        self._model = training_step.model
        self._state = training_step.initial_state()
        self._compiled_step = jax.jit(training_step, donate_argnums=0)
        self._compiled = {}

    def step(self, batch, learning_rate):
        """Takes one step; returns a dict of scalars still on the device."""
        self._state, scalars = self._compiled_step(
            self._state, batch, np.float32(learning_rate)
        )
        return scalars

    def evaluate(self, function, batch):
        """Runs `function(trainable, non_trainable, batch)`, compiled."""
        import jax

        if function not in self._compiled:
            self._compiled[function] = jax.jit(function)
        return self._compiled[function](
            self._state["trainable"], self._state["non_trainable"], batch
        )

    def update_model(self):
        """Gives the model the weights of the state."""
        for name in ("trainable", "non_trainable"):
            variables = getattr(self._model, f"{name}_variables")
            for variable, value in zip(
                variables, self._state[name], strict=True
            ):
                variable.assign(ops.copy(value))

    def read(self):
        """Returns the state as a flat list of arrays."""
        return [np.asarray(v) for v in keras.tree.flatten(self._state)]

    def write(self, arrays):
        """Replaces the state by what `read` returned."""
        self._state = keras.tree.pack_sequence_as(
            self._state, [ops.convert_to_tensor(a) for a in arrays]
        )
