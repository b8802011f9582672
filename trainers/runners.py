"""Where a training step runs: TensorFlow replicas, or one JAX device.

Both keep the training state on their devices and offer the same methods:
`rows`, `check_same_step`, `step`, `evaluate`, `averaged_model`, `read` and
`write`.
"""

import contextlib

import keras
import numpy as np
from keras import ops

from . import cluster


class TensorFlowRunner:
    """Runs a training step in every replica of a strategy.

    With several workers, each runs the same program, prepares its own rows
    of each batch and holds the whole state; the chief writes the files.

    Args:
        training_step: `TrainingStep`.
        strategy: whose scope the model was built in.
        jit_compile: whether XLA compiles the step; for one replica only.

    Raises:
        ValueError: if several replicas should be compiled.
    """

    def __init__(self, training_step, strategy, jit_compile=False):
        import tensorflow as tf

        if jit_compile and strategy.num_replicas_in_sync > 1:
            raise ValueError(
                "`jit_compile` must be False for several replicas: XLA cannot "
                "compile their exchange of gradients. Received: "
                f"jit_compile={jit_compile}, "
                f"{strategy.num_replicas_in_sync} replicas"
            )
        self._strategy = strategy
        self._cluster = None
        if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            self._cluster = cluster.read_cluster()
        self._num_local = len(strategy.extended.worker_devices)
        self._model = model = training_step.model
        with strategy.scope():
            state = training_step.initial_state()
            self._variables = keras.tree.map_structure(
                lambda value: tf.Variable(value, trainable=False), state
            )
            for name in ("trainable", "non_trainable"):
                variables = getattr(model, f"{name}_variables")
                self._variables[name] = [v.value for v in variables]
        self._training_step = training_step
        self._compiled_step = tf.function(
            self._step, autograph=False, jit_compile=jit_compile
        )
        self._compiled = {}

    @property
    def num_replicas(self):
        """Replicas that share each batch."""
        return self._strategy.num_replicas_in_sync

    @property
    def is_chief(self):
        """Whether this process writes the files."""
        return self._strategy.extended.should_checkpoint

    def rows(self, batch_size):
        """Returns the rows of a global batch that this process prepares."""
        share = batch_size // self.num_replicas
        first = self._first_replica * share
        return range(first, first + self._num_local * share)

    def check_same_step(self, step):
        """Checks that all workers are at the same step.

        Args:
            step: steps that this worker has taken.

        Raises:
            ValueError: if another worker has taken more, or fewer.
        """
        if self._cluster is None:
            return
        import tensorflow as tf

        strategy = self._strategy
        own = strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant([step])
        )
        with cluster.explain_lost_workers(self._cluster):
            steps = strategy.gather(own, axis=0).numpy()
        if (steps != step).any():
            raise ValueError(
                "`workdir` must be one folder that all workers share. Their "
                f"last checkpoints are of other steps: {sorted(set(steps))}. "
                f"Received: step={step}"
            )

    def step(self, batch, learning_rate, is_last=True):
        """Takes one step.

        Args:
            batch: the rows that `rows` names, of a batch or a part of it.
            learning_rate: of this step.
            is_last: whether this is the last part of its batch.

        Returns:
            A dict of scalars, still on the device.

        Raises:
            RuntimeError: if another worker was lost.
        """
        with cluster.explain_lost_workers(self._cluster):
            return self._compiled_step(
                self._split(batch),
                ops.convert_to_tensor(learning_rate, "float32"),
                ops.convert_to_tensor(is_last, "bool"),
            )

    def evaluate(self, function, batch):
        """Runs `function(trainable, non_trainable, batch)`, compiled."""
        import tensorflow as tf

        if function not in self._compiled:
            self._compiled[function] = tf.function(
                lambda batch: function(
                    self._values("averages") or self._values("trainable"),
                    self._values("average_statistics")
                    or self._values("non_trainable"),
                    batch,
                ),
                autograph=False,
            )
        batch = {k: ops.convert_to_tensor(v) for k, v in batch.items()}
        return self._compiled[function](batch)

    @contextlib.contextmanager
    def averaged_model(self):
        """Lets the model have the averages of its weights for a while."""
        averages = [
            *self._variables["averages"],
            *self._variables["average_statistics"],
        ]
        model = self._model
        variables = [*model.trainable_variables, *model.non_trainable_variables]
        weights = [v.numpy() for v in variables] if averages else []
        for variable, average in zip(variables, averages, strict=False):
            variable.assign(average.numpy())
        try:
            yield
        finally:
            for variable, value in zip(variables, weights, strict=False):
                variable.assign(value)

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

    @property
    def _first_replica(self):
        return self._cluster.index * self._num_local if self._cluster else 0

    def _split(self, batch):
        """Gives each replica of this process its share of the rows."""
        share = len(next(iter(batch.values()))) // self._num_local

        def part(context):
            replica = context.replica_id_in_sync_group - self._first_replica
            start = replica * share
            return {
                name: ops.convert_to_tensor(value[start : start + share])
                for name, value in batch.items()
            }

        return self._strategy.experimental_distribute_values_from_function(part)

    def _step(self, batch, learning_rate, is_last):
        scalars = self._strategy.run(
            self._replica_step, args=(batch, learning_rate, is_last)
        )
        return {
            name: self._strategy.experimental_local_results(value)[0]
            for name, value in scalars.items()
        }

    def _replica_step(self, batch, learning_rate, is_last):
        import tensorflow as tf

        context = tf.distribute.get_replica_context()
        state = keras.tree.map_structure(ops.convert_to_tensor, self._variables)
        state, scalars = self._training_step(
            state,
            batch,
            learning_rate,
            is_last,
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
    is_chief = True

    def __init__(self, training_step):
        import jax

        self._model = training_step.model
        self._state = training_step.initial_state()
        self._compiled_step = jax.jit(training_step, donate_argnums=0)
        self._compiled = {}

    def rows(self, batch_size):
        """Returns the rows of a global batch that this process prepares."""
        return range(batch_size)

    def check_same_step(self, step):
        """Does nothing: there is one process."""

    def step(self, batch, learning_rate, is_last=True):
        """Takes one step; see `TensorFlowRunner.step`."""
        self._state, scalars = self._compiled_step(
            self._state, batch, np.float32(learning_rate), np.bool_(is_last)
        )
        return scalars

    def evaluate(self, function, batch):
        """Runs `function(trainable, non_trainable, batch)`, compiled."""
        import jax

        if function not in self._compiled:
            self._compiled[function] = jax.jit(function)
        return self._compiled[function](
            self._state["averages"] or self._state["trainable"],
            self._state["average_statistics"] or self._state["non_trainable"],
            batch,
        )

    @contextlib.contextmanager
    def averaged_model(self):
        """Gives the model the state's weights, averaged if they are."""
        state = self._state
        values = {
            "trainable": state["averages"] or state["trainable"],
            "non_trainable": (
                state["average_statistics"] or state["non_trainable"]
            ),
        }
        for name, tensors in values.items():
            variables = getattr(self._model, f"{name}_variables")
            for variable, value in zip(variables, tensors, strict=True):
                variable.assign(ops.copy(value))
        yield

    def read(self):
        """Returns the state as a flat list of arrays."""
        return [np.asarray(v) for v in keras.tree.flatten(self._state)]

    def write(self, arrays):
        """Replaces the state by what `read` returned."""
        self._state = keras.tree.pack_sequence_as(
            self._state, [ops.convert_to_tensor(a) for a in arrays]
        )
