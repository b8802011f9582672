"""One training step as a pure function: state and batch in, state out.

Written in `keras.ops`, so the same step runs under TensorFlow (in each
replica) and under JAX; only taking the gradient differs.

A batch may be taken in several parts, to save memory: all but the last only
add to the gradient. Batch statistics are then those of the parts.
"""

import keras
from keras import ops

from . import objectives, optimizers
from .loss_scaling import LossScaling

BACKENDS = ("tensorflow", "jax")


class TrainingStep:
    """Renders pairs, takes the loss's gradient and moves the weights.

    The state is a dict of lists of tensors: `trainable`, `non_trainable`,
    `slots`, `averages` and `average_statistics` (of the trainable and the
    non-trainable, or empty) and `accumulated` (the gradient so far, or empty);
    and of float32 scalars: `num_updates`, `num_skipped`, `num_skipped_in_row`
    and `loss_scale`. A step whose gradient is not finite changes nothing but
    the last three.

    Args:
        model: built network.
        render: function from a host batch to images and flow.
        loss: `LossConfig`.
        optimizer: `OptimizerConfig`.
        num_iterations: of GOCor, see the network; None: its own.
        num_steps: of the whole run.
    """

    def __init__(
        self,
        model,
        render,
        loss,
        optimizer,
        num_iterations=None,
        num_steps=1,
    ):
        if keras.backend.backend() not in BACKENDS:
            raise ValueError(
                f"`KERAS_BACKEND` must be one of {BACKENDS} for training. "
                f"Received: KERAS_BACKEND={keras.backend.backend()}"
            )
        self.model = model
        self.render = render
        self.optimizer = optimizer
        self._objective = objectives.get(loss, num_steps)
        self._options = {"training": True}
        if num_iterations is not None:
            self._options["num_iterations"] = num_iterations
        self._descent = optimizers.get(optimizer)
        self._scaling = LossScaling(model.dtype_policy)
        self._rates = optimizers.relative_rates(model, optimizer)

    def initial_state(self):
        """Returns the state at step 0, with the model's current weights."""
        trainable = [ops.copy(v) for v in self.model.trainable_variables]
        statistics = [ops.copy(v) for v in self.model.non_trainable_variables]
        averaged = self.optimizer.average_decay > 0
        accumulates = self.optimizer.accumulation > 1
        return {
            "trainable": trainable,
            "non_trainable": statistics,
            "slots": self._descent.create_slots(trainable),
            "averages": [ops.copy(v) for v in trainable] if averaged else [],
            "average_statistics": (
                [ops.copy(v) for v in statistics] if averaged else []
            ),
            "accumulated": (
                [ops.zeros_like(v) for v in trainable] if accumulates else []
            ),
            "num_updates": ops.zeros((), "float32"),
            "num_skipped": ops.zeros((), "float32"),
            "num_skipped_in_row": ops.zeros((), "float32"),
            "loss_scale": ops.full((), self._scaling.initial, "float32"),
        }

    def __call__(
        self,
        state,
        batch,
        learning_rate,
        is_last=True,
        all_reduce=lambda x: x,
        num_replicas=1,
    ):
        """Takes one step.

        Args:
            state: see the class.
            batch: this replica's share of a part of a host batch.
            learning_rate: scalar float32.
            is_last: whether the weights move after this part of the batch.
            all_reduce: function that sums a list of tensors over replicas.
            num_replicas: replicas that share the global batch.

        Returns:
            The new state, and a dict of scalars averaged over replicas.
        """
        # Summed over replicas and parts: the mean over the global batch.
        scale = state["loss_scale"] / (
            num_replicas * self.optimizer.accumulation
        )

        def loss_of(trainable):
            network = _Network(self.model, trainable, state, self._options)
            loss, scalars = self._objective(
                network, pair, share_of, state["num_updates"]
            )
            loss = loss * ops.cast(scale, loss.dtype)
            return loss, (network.non_trainable, scalars)

        def share_of(count):
            (total,) = all_reduce([count])
            return num_replicas * count / ops.maximum(total, 1.0)

        pair = self.render(batch)
        gradients, (non_trainable, scalars) = _gradients(
            loss_of, state["trainable"]
        )
        gradients = [
            gradient / ops.cast(state["loss_scale"], gradient.dtype)
            for gradient in all_reduce(gradients)
        ]
        values = all_reduce([v / num_replicas for v in scalars.values()])
        scalars = dict(zip(scalars, values, strict=True))
        new_state, norm = self._advance(
            state, gradients, non_trainable, learning_rate, is_last
        )
        scalars["gradient_norm"] = norm
        for name in ("num_skipped", "num_skipped_in_row"):
            scalars[name] = new_state[name]
        return new_state, scalars

    def _advance(self, state, gradients, non_trainable, learning_rate, is_last):
        """Returns the state after a gradient, and the gradient's norm."""
        if self.optimizer.accumulation > 1:
            gradients = [
                old + new
                for old, new in zip(
                    state["accumulated"], gradients, strict=True
                )
            ]
        norm = optimizers.global_norm(gradients)
        is_finite = ops.isfinite(norm)
        statistics = _choose(is_finite, non_trainable, state["non_trainable"])
        moved = self._descend(state, gradients, norm, learning_rate)
        skipped = {
            **state,
            "num_skipped": state["num_skipped"] + 1,
            "num_skipped_in_row": state["num_skipped_in_row"] + 1,
            "loss_scale": self._scaling.lowered(state["loss_scale"]),
        }
        moved["average_statistics"] = optimizers.moving_averages(
            state["average_statistics"],
            statistics,
            self.optimizer.average_decay,
            moved["num_updates"],
        )
        updated = _choose(is_finite, moved, skipped)
        updated["non_trainable"] = statistics
        if self.optimizer.accumulation == 1:
            return updated, norm
        updated["accumulated"] = [ops.zeros_like(g) for g in gradients]
        waiting = {
            **state,
            "non_trainable": statistics,
            "accumulated": gradients,
        }
        return _choose(is_last, updated, waiting), norm

    def _descend(self, state, gradients, norm, learning_rate):
        if self.optimizer.clip_norm:
            gradients = optimizers.clip_by_global_norm(
                gradients, norm, self.optimizer.clip_norm
            )
        if self.optimizer.weight_decay:
            gradients = [
                gradient + self.optimizer.weight_decay * variable
                for gradient, variable in zip(
                    gradients, state["trainable"], strict=True
                )
            ]
        trainable, slots = self._descent.apply(
            state["trainable"],
            gradients,
            state["slots"],
            state["num_updates"],
            [learning_rate * rate for rate in self._rates],
        )
        num_updates = state["num_updates"] + 1
        return {
            **state,
            "trainable": trainable,
            "slots": slots,
            "averages": optimizers.moving_averages(
                state["averages"],
                trainable,
                self.optimizer.average_decay,
                num_updates,
            ),
            "num_updates": num_updates,
            "num_skipped_in_row": ops.zeros((), "float32"),
            "loss_scale": self._scaling.raised(
                state["loss_scale"], num_updates
            ),
        }


class _Network:
    """A network as a function of its weights; remembers its statistics."""

    def __init__(self, model, trainable, state, options):
        self._model = model
        self._trainable = trainable
        self._options = options
        self.non_trainable = state["non_trainable"]

    def __call__(self, reference, query):
        outputs, self.non_trainable = self._model.stateless_call(
            self._trainable,
            self.non_trainable,
            {"reference": reference, "query": query},
            **self._options,
        )
        return outputs


def _choose(condition, chosen, otherwise):
    return keras.tree.map_structure(
        lambda one, other: ops.where(condition, one, other), chosen, otherwise
    )


def _gradients(function, variables):
    """Returns the gradient of `function(variables)[0]`, and the rest."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.grad(function, has_aux=True)(variables)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(variables)
        value, rest = function(variables)
    gradients = tape.gradient(value, variables, unconnected_gradients="zero")
    return gradients, rest
