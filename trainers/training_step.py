"""One training step as a pure function: state and batch in, state out.

Written in `keras.ops`, so the same step runs under TensorFlow (in each
replica) and under JAX; only taking the gradient differs.
"""

import keras
from keras import ops

from gocor_tf.losses import matching_loss, multiscale_endpoint_error
from gocor_tf.metrics import endpoint_error

from . import optimizers

BACKENDS = ("tensorflow", "jax")


class TrainingStep:
    """Renders pairs, takes the loss's gradient and moves the weights.

    The state is a dict: `trainable`, `non_trainable` and `slots` (lists of
    tensors), `num_updates` and `num_skipped` (float32 scalars). A step whose
    gradient is not finite changes nothing but `num_skipped`.

    Args:
        model: built network.
        render: function from a host batch to images and flow.
        loss: `LossConfig`.
        optimizer: `OptimizerConfig`.
    """

    def __init__(self, model, render, loss, optimizer):
        if keras.backend.backend() not in BACKENDS:
            raise ValueError(
                f"`KERAS_BACKEND` must be one of {BACKENDS} for training. "
                f"Received: KERAS_BACKEND={keras.backend.backend()}"
            )
        self.model = model
        self.render = render
        self.loss = loss
        self.optimizer = optimizer
        self._descent = optimizers.get(optimizer)

    def initial_state(self):
        """Returns the state at step 0, with the model's current weights."""
        trainable = [ops.copy(v) for v in self.model.trainable_variables]
        return {
            "trainable": trainable,
            "non_trainable": [
                ops.copy(v) for v in self.model.non_trainable_variables
            ],
            "slots": self._descent.create_slots(trainable),
            "num_updates": ops.zeros((), "float32"),
            "num_skipped": ops.zeros((), "float32"),
        }

    def __call__(
        self,
        state,
        batch,
        learning_rate,
        all_reduce=lambda x: x,
        num_replicas=1,
    ):
        """Takes one step.

        Args:
            state: see the class.
            batch: this replica's part of a host batch.
            learning_rate: scalar float32.
            all_reduce: function that sums a list of tensors over replicas.
            num_replicas: replicas that share the global batch.

        Returns:
            The new state, and a dict of scalars averaged over replicas.
        """

        def loss_of(trainable):
            loss, non_trainable, scalars = self._loss(
                trainable, state, pair, share_of
            )
            # Summed over replicas, this is the mean over the global batch.
            return loss / num_replicas, (non_trainable, scalars)

        def share_of(count):
            (total,) = all_reduce([count])
            return num_replicas * count / ops.maximum(total, 1.0)

        pair = self.render(batch)
        gradients, (non_trainable, scalars) = _gradients(
            loss_of, state["trainable"]
        )
        gradients = all_reduce(gradients)
        values = all_reduce([v / num_replicas for v in scalars.values()])
        scalars = dict(zip(scalars, values, strict=True))
        norm = optimizers.global_norm(gradients)
        scalars["gradient_norm"] = norm
        new_state = self._descend(state, gradients, norm, learning_rate)
        new_state["non_trainable"] = non_trainable
        new_state = _keep_if(ops.isfinite(norm), new_state, state)
        scalars["num_skipped"] = new_state["num_skipped"]
        return new_state, scalars

    def _loss(self, trainable, state, pair, share_of):
        outputs, non_trainable = self.model.stateless_call(
            trainable,
            state["non_trainable"],
            {"reference": pair["reference"], "query": pair["query"]},
            training=True,
        )
        loss, _ = multiscale_endpoint_error.multiscale_endpoint_error(
            outputs,
            pair["flow"],
            pair["valid"],
            self.loss.level_weights,
        )
        scalars = {"endpoint_loss": loss}
        if self.loss.matching_weight:
            volume = outputs["correlation"]
            matching = matching_loss.matching_loss(
                volume, pair["flow"], pair["valid"]
            )
            # A mean over cells that count, which replicas share unevenly.
            share = share_of(
                ops.sum(
                    matching_loss.counted_cells(
                        pair["valid"], *ops.shape(volume)[1:3]
                    )
                )
            )
            matching = ops.multiply(matching, share)
            scalars["matching_loss"] = matching
            loss = loss + self.loss.matching_weight * matching
        scalars["loss"] = loss
        # A mean over valid pixels.
        scalars["aepe"] = ops.multiply(
            endpoint_error.average_endpoint_error(
                outputs["flow"], pair["flow"], pair["valid"]
            ),
            share_of(ops.sum(pair["valid"])),
        )
        return loss, non_trainable, scalars

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
            learning_rate,
        )
        return {
            "trainable": trainable,
            "slots": slots,
            "num_updates": state["num_updates"] + 1,
            "num_skipped": state["num_skipped"],
        }


def _keep_if(is_finite, new_state, state):
    skipped = {**state, "num_skipped": state["num_skipped"] + 1}
    return keras.tree.map_structure(
        lambda new, old: ops.where(is_finite, new, old), new_state, skipped
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
