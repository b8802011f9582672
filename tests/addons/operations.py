"""Answers of tensorflow-addons, and of our operations in its TensorFlow.

    python operations.py EXPORTED INPUTS.npz OUTPUTS.npz

Runs in the environment of `requirements.txt`. `EXPORTED` is a SavedModel with
one function of ours for each case of the inputs. The outputs hold what both
sides give, and their gradients, as "case/side/name".
"""

import sys

import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

NAMES = ("output", "first_gradient", "second_gradient")


def correlation_cost(radius):
    """Returns addons' counterpart of `local_correlation`."""
    layer = _layer(radius, "channels_last")
    return lambda reference, query: layer([reference, query])


def correlation_cost_channels_first(radius):
    """Returns the same, computed with channels first."""
    layer = _layer(radius, "channels_first")

    def correlate(reference, query):
        pair = [tf.transpose(x, (0, 3, 1, 2)) for x in (reference, query)]
        return tf.transpose(layer(pair), (0, 2, 3, 1))

    return correlate


def _layer(radius, data_format):
    return tfa.layers.CorrelationCost(
        kernel_size=1,
        max_displacement=radius,
        stride_1=1,
        stride_2=1,
        pad=radius,
        data_format=data_format,
    )


def resampler(image, flow):
    """Warps by absolute positions, (x, y)."""
    height, width = flow.shape[1:3]
    x, y = tf.meshgrid(tf.range(width), tf.range(height))
    grid = tf.cast(tf.stack([x, y], axis=-1), tf.float32)
    return tfa.image.resampler(image, grid + flow)


def dense_image_warp(image, flow):
    """Warps by a flow of the opposite sign, (y, x)."""
    return tfa.image.dense_image_warp(image, -tf.reverse(flow, [-1]))


def with_gradients(function, inputs, output_gradient):
    """Returns the output of a function and the gradients of its inputs."""
    inputs = [tf.constant(x) for x in inputs]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        output = function(*inputs)
    return output, *tape.gradient(
        output, inputs, output_gradients=tf.constant(output_gradient)
    )


def main(exported, inputs_path, outputs_path):
    """Writes the answers to all cases."""
    # With more threads, CorrelationCost's gradient of the second maps is wrong
    # now and then: they add to the same pixels without a lock.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    ours = tf.saved_model.load(exported)
    inputs = np.load(inputs_path)
    outputs = {}
    for case in sorted({name.partition("/")[0] for name in inputs}):
        radius = int(inputs[f"{case}/radius"])
        sides = {"ours": getattr(ours, case)}
        if radius:
            sides["channels_last"] = correlation_cost(radius)
            sides["channels_first"] = correlation_cost_channels_first(radius)
        else:
            sides["resampler"] = resampler
            sides["dense_image_warp"] = dense_image_warp
        for side, function in sides.items():
            answers = with_gradients(
                function,
                [inputs[f"{case}/first"], inputs[f"{case}/second"]],
                inputs[f"{case}/output_gradient"],
            )
            for name, answer in zip(NAMES, answers, strict=True):
                outputs[f"{case}/{side}/{name}"] = answer
    np.savez(outputs_path, **outputs)


if __name__ == "__main__":
    main(*sys.argv[1:])
