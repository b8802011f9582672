"""Gradient descent as pure functions of lists of tensors.

Keras's own optimizers have such a form on JAX only (`stateless_apply` refuses
TensorFlow), and their weight decay is decoupled; training must give the same
weights on both backends, with the L2 penalty in the gradient.
"""

import math

from keras import ops

SCHEDULES = ("cosine", "step", "constant")


class Adam:
    """Adam (Kingma and Ba, Algorithm 1), epsilon added to the plain root.

    Args:
        beta_1: decay of the first moment, per step.
        beta_2: decay of the second moment, per step.
        epsilon: added to the root of the second moment.
    """

    def __init__(self, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def create_slots(self, variables):
        """Returns zeros for both moments of each variable."""
        return [ops.zeros_like(v) for v in variables for _ in range(2)]

    def apply(self, variables, gradients, slots, num_updates, learning_rates):
        """Moves the variables one step.

        Args:
            variables: tensors to move.
            gradients: of the loss, one for each variable.
            slots: moments, as `create_slots` orders them.
            num_updates: updates before this one, scalar float32.
            learning_rates: scalar float32, one for each variable.

        Returns:
            The new variables and the new slots.
        """
        correction_1 = 1 - ops.power(self.beta_1, num_updates + 1)
        correction_2 = 1 - ops.power(self.beta_2, num_updates + 1)
        new_variables, new_slots = [], []
        for i, (variable, gradient, learning_rate) in enumerate(
            zip(variables, gradients, learning_rates, strict=True)
        ):
            first, second = slots[2 * i : 2 * i + 2]
            first = first + (1 - self.beta_1) * (gradient - first)
            second = second + (1 - self.beta_2) * (gradient**2 - second)
            rate, scale_1, scale_2 = (
                ops.cast(scalar, variable.dtype)
                for scalar in (learning_rate, correction_1, correction_2)
            )
            root = ops.sqrt(second / scale_2) + self.epsilon
            new_variables.append(variable - rate * (first / scale_1) / root)
            new_slots += [first, second]
        return new_variables, new_slots


class SGD:
    """Plain gradient descent; arguments and results as `Adam`'s."""

    def create_slots(self, variables):
        """Returns nothing to remember."""
        del variables
        return []

    def apply(self, variables, gradients, slots, num_updates, learning_rates):
        """Moves the variables one step; see `Adam.apply`."""
        del num_updates
        new_variables = [
            variable - ops.cast(learning_rate, variable.dtype) * gradient
            for variable, gradient, learning_rate in zip(
                variables, gradients, learning_rates, strict=True
            )
        ]
        return new_variables, slots


def get(config):
    """Returns the optimizer of an `OptimizerConfig`.

    Args:
        config: `OptimizerConfig`.

    Returns:
        `Adam` or `SGD`.

    Raises:
        ValueError: if its name is neither "adam" nor "sgd".
    """
    if config.name == "adam":
        return Adam(config.beta_1, config.beta_2, config.epsilon)
    if config.name == "sgd":
        return SGD()
    raise ValueError(
        "`optimizer.name` must be 'adam' or 'sgd'. "
        f"Received: optimizer.name={config.name!r}"
    )


def learning_rate(config, num_steps, step):
    """Returns the learning rate of a step: warmup, then the schedule.

    Args:
        config: `OptimizerConfig`.
        num_steps: steps of the whole run.
        step: steps before this one.

    Returns:
        A float.

    Raises:
        ValueError: if the schedule is unknown.
    """
    if config.schedule not in SCHEDULES:
        raise ValueError(
            f"`optimizer.schedule` must be one of {SCHEDULES}. "
            f"Received: optimizer.schedule={config.schedule!r}"
        )
    progress = step / num_steps
    if progress < config.warmup:
        return (
            config.learning_rate * (step + 1) / (config.warmup * num_steps + 1)
        )
    if config.schedule == "constant":
        return config.learning_rate
    if config.schedule == "step":
        passed = sum(progress >= m for m in config.milestones)
        return config.learning_rate * config.decay_factor**passed
    progress = (progress - config.warmup) / (1 - config.warmup)
    remaining = 0.5 * (1 + math.cos(math.pi * progress))
    floor = config.final_learning_rate
    return config.learning_rate * (floor + (1 - floor) * remaining)


def relative_rates(model, config):
    """Returns each trainable variable's learning rate over the network's.

    Args:
        model: built network.
        config: `OptimizerConfig`.

    Returns:
        List of floats: other than 1 for the feature pyramids if they have a
        learning rate of their own.
    """
    rate = config.backbone_learning_rate / config.learning_rate or 1.0
    in_pyramids = {
        id(variable)
        for pyramid in pyramids(model)
        for variable in pyramid.trainable_variables
    }
    return [
        rate if id(variable) in in_pyramids else 1.0
        for variable in model.trainable_variables
    ]


def pyramids(model):
    """Returns the feature pyramids of a network: layers."""
    names = ("pyramid", "pyramid_256")
    found = (getattr(model, name, None) for name in names)
    return [pyramid for pyramid in found if pyramid is not None]


def moving_averages(averages, variables, decay, num_updates):
    """Returns the moving averages of variables after an update.

    Args:
        averages: tensors, one for each variable, or none.
        variables: their new values.
        decay: share of the old average that is kept, in the long run; in the
            first updates less, so that the start is forgotten.
        num_updates: updates so far, scalar float32.
    """
    if not averages:
        return averages
    decay = ops.minimum(decay, (1.0 + num_updates) / (10.0 + num_updates))
    return [
        variable + ops.cast(decay, variable.dtype) * (average - variable)
        for average, variable in zip(averages, variables, strict=True)
    ]


def clip_by_global_norm(gradients, norm, clip_norm):
    """Scales the gradients down to a global norm of at most `clip_norm`."""
    scale = clip_norm / ops.maximum(norm, clip_norm)
    return [
        gradient * ops.cast(scale, gradient.dtype) for gradient in gradients
    ]


def global_norm(gradients):
    """Returns the Euclidean norm of all gradients together, in float32."""
    squares = [ops.cast(ops.sum(ops.square(g)), "float32") for g in gradients]
    return ops.sqrt(sum(squares))
