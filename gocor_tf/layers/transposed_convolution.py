"""Learned upsampling of flows and features (spec models.md, 6.0)."""

import keras
import numpy as np

from gocor_tf.layers import conv_block


@keras.saving.register_keras_serializable(package="gocor_tf")
class BilinearUpsampling(keras.initializers.Initializer):
    """Initial kernel of a transposed convolution that doubles a grid.

    Each channel is interpolated for itself, by the outer product of
    (0.25, 0.75, 0.75, 0.25); outside the grid everything is zero.
    """

    def __call__(self, shape, dtype=None):
        taps = np.array([0.25, 0.75, 0.75, 0.25])
        kernel = np.multiply.outer(np.outer(taps, taps), np.eye(*shape[2:]))
        return keras.ops.convert_to_tensor(kernel, dtype=dtype)


def double_flow(name, dtype_policy, initializer=None):
    """Returns the layer that doubles the grid of a flow, not its values.

    Args:
        name: of the layer.
        dtype_policy: of the network; flows stay float32 under 16-bit ones.
        initializer: of the kernel; None: bilinear interpolation.
    """
    return _doubling(
        name,
        conv_block.flow_dtype(dtype_policy.compute_dtype),
        initializer or BilinearUpsampling(),
    )


def double_features(name, dtype_policy):
    """Returns the layer that makes two channels on a grid twice as fine."""
    return _doubling(name, dtype_policy, conv_block.he_normal())


def _doubling(name, dtype, initializer):
    return keras.layers.Conv2DTranspose(
        2,
        4,
        strides=2,
        padding="same",
        kernel_initializer=initializer,
        dtype=dtype,
        name=name,
    )
