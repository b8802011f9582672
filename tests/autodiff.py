"""Derivatives of a scalar, on whichever backend Keras runs."""

import keras


def gradients(function, arrays):
    """Returns a function's value and derivatives.

    Args:
        function: takes a dict of tensors and returns a scalar tensor and any
            nest of tensors.
        arrays: dict of float arrays.

    Returns:
        The nest, and a dict of the scalar's derivatives: NumPy arrays like
        `arrays`, zeros where it does not depend on them.
    """
    derive = {
        "tensorflow": _tensorflow,
        "jax": _jax,
        "torch": _torch,
    }[keras.backend.backend()]
    outputs, derivatives = derive(function, arrays)
    return outputs, {
        name: keras.ops.convert_to_numpy(value)
        for name, value in derivatives.items()
    }


def _tensorflow(function, arrays):
    import tensorflow as tf

    tensors = {name: tf.constant(array) for name, array in arrays.items()}
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        scalar, outputs = function(tensors)
    return outputs, tape.gradient(
        scalar, tensors, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )


def _jax(function, arrays):
    import jax

    tensors = {name: jax.numpy.asarray(a) for name, a in arrays.items()}
    derive = jax.jit(jax.grad(function, has_aux=True))
    derivatives, outputs = derive(tensors)
    return outputs, derivatives


def _torch(function, arrays):
    import torch

    tensors = {
        name: torch.tensor(array, requires_grad=True)
        for name, array in arrays.items()
    }
    scalar, outputs = function(tensors)
    derivatives = [None] * len(tensors)
    if scalar.requires_grad:
        derivatives = torch.autograd.grad(
            scalar, list(tensors.values()), allow_unused=True
        )
    return outputs, {
        name: torch.zeros_like(tensors[name]) if value is None else value
        for name, value in zip(tensors, derivatives, strict=True)
    }
