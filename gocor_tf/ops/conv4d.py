"""Convolutions over the four grid axes of a correspondence volume.

Zero padding keeps every size, and kernels are applied without a flip.
"""

from keras import ops


def conv4d(volume, kernel, bias=None):
    """Correlates a 4-D volume with a full 4-D kernel.

    Args:
        volume: `(batch, height_1, width_1, height_2, width_2, channels)`.
        kernel: `(k1, k2, k3, k4, channels, output_channels)`, all sizes odd.
        bias: `(output_channels,)`, or None.

    Returns:
        Tensor of the shape of `volume`, with `output_channels` channels.
    """
    volume, kernel = _as_tensors(volume, kernel)
    _check_odd("kernel", kernel.shape[:4])
    batch, height, width, *pair, channels = ops.shape(volume)
    taps = kernel.shape[0] * kernel.shape[1]
    # Shifts over the first pair of axes become channels of one 2-D
    # convolution over the second pair.
    shifted = _shifts(volume, kernel.shape[:2])
    shifted = ops.reshape(shifted, (-1, *pair, taps * channels))
    kernel = ops.transpose(kernel, (2, 3, 0, 1, 4, 5))
    kernel = ops.reshape(kernel, (*kernel.shape[:2], taps * channels, -1))
    result = ops.conv(shifted, kernel, padding="same")
    if bias is not None:
        result = result + ops.convert_to_tensor(bias)
    return ops.reshape(result, (batch, height, width, *pair, kernel.shape[-1]))


def separable_conv4d(volume, weight1, weight2, bias=None, swap=False):
    """Correlates a volume with one 2-D kernel over each pair of its axes.

    Args:
        volume: `(batch, height_1, width_1, height_2, width_2)`.
        weight1: `(k, k, 1, inner_dim)`, the kernel over the second pair of
            axes; sizes odd.
        weight2: `(k, k, inner_dim, output_dim)`, the kernel over the first
            pair of axes, applied after `weight1`; sizes odd.
        bias: `(output_dim,)`, or None.
        swap: whether to return the second pair of axes first, which saves a
            transposition.

    Returns:
        `(batch, height_1, width_1, height_2, width_2, output_dim)`, or, with
        `swap`, `(batch, height_2, width_2, height_1, width_1, output_dim)`.
    """
    volume, weight1, weight2 = _as_tensors(volume, weight1, weight2)
    _check_odd("weight1", weight1.shape[:2])
    _check_odd("weight2", weight2.shape[:2])
    batch, *first, height, width = ops.shape(volume)
    result = ops.reshape(volume, (-1, height, width, 1))
    result = ops.conv(result, weight1, padding="same")
    result = _swap_pairs(result, batch, first, (height, width))
    result = ops.conv(result, weight2, padding="same")
    if bias is not None:
        result = result + ops.convert_to_tensor(bias)
    shape = (batch, height, width, *first, weight2.shape[-1])
    result = ops.reshape(result, shape)
    return result if swap else ops.transpose(result, (0, 3, 4, 1, 2, 5))


def separable_conv4d_transpose(volume, weight1, weight2, swap=False):
    """Adjoint of `separable_conv4d` without its bias.

    Args:
        volume: what `separable_conv4d` returns: `(batch, height_1, width_1,
            height_2, width_2, output_dim)`, or with the pairs of axes swapped.
        weight1: as given to `separable_conv4d`.
        weight2: as given to `separable_conv4d`.
        swap: as given to `separable_conv4d`.

    Returns:
        `(batch, height_1, width_1, height_2, width_2)`.
    """
    volume, weight1, weight2 = _as_tensors(volume, weight1, weight2)
    _check_odd("weight1", weight1.shape[:2])
    _check_odd("weight2", weight2.shape[:2])
    if not swap:
        volume = ops.transpose(volume, (0, 3, 4, 1, 2, 5))
    batch, *second, height, width, channels = ops.shape(volume)
    result = ops.reshape(volume, (-1, height, width, channels))
    result = ops.conv(result, _adjoint(weight2), padding="same")
    result = _swap_pairs(result, batch, second, (height, width))
    result = ops.conv(result, _adjoint(weight1), padding="same")
    return ops.reshape(result, (batch, height, width, *second))


def _as_tensors(*arrays):
    return tuple(ops.convert_to_tensor(array) for array in arrays)


def _swap_pairs(maps, batch, outer, inner):
    """Exchanges the axes folded into the batch with those of the maps."""
    channels = maps.shape[-1]
    maps = ops.reshape(
        maps, (batch, outer[0] * outer[1], inner[0] * inner[1], channels)
    )
    maps = ops.transpose(maps, (0, 2, 1, 3))
    return ops.reshape(maps, (-1, *outer, channels))


def _adjoint(kernel):
    """The kernel of the transposed convolution, at stride 1."""
    # One axis at a time: Keras up to 3.12 on TensorFlow flips no two at once.
    kernel = ops.flip(ops.flip(kernel, axis=0), axis=1)
    return ops.transpose(kernel, (0, 1, 3, 2))


def _shifts(volume, sizes):
    """Concatenates the shifts over the first pair of axes, as channels."""
    shape = ops.shape(volume)
    margins = [size // 2 for size in sizes]
    padding = [(0, 0), *((m, m) for m in margins), (0, 0), (0, 0), (0, 0)]
    padded = ops.pad(volume, padding)
    return ops.concatenate(
        [
            # Its gradient is far cheaper than that of `padded[:, dy:...]`.
            ops.slice(padded, (0, dy, dx, 0, 0, 0), shape)
            for dy in range(sizes[0])
            for dx in range(sizes[1])
        ],
        axis=-1,
    )


def _check_odd(name, sizes):
    if any(size % 2 == 0 for size in sizes):
        raise ValueError(
            f"`{name}` must have odd sizes. Received: {name} of size "
            f"{tuple(sizes)}"
        )
