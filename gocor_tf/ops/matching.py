"""Soft mutual matching and neighbourhood consensus of global volumes.

Rocco et al., "Neighbourhood Consensus Networks", NeurIPS 2018.
"""

from keras import ops

from gocor_tf.ops import conv4d

_EPSILON = 1e-5


def mutual_matching(volume):
    """Scales each score by how close it is to the best of both its pixels.

    `c * (c / (best of its reference pixel + eps)) * (c / (best of its query
    pixel + eps))`, with `eps` 1e-5: the soft mutual nearest neighbours of
    Neighbourhood Consensus Networks, section 3.2.

    Args:
        volume: `(batch, height, width, matches)` correspondence volume, or
            `(batch, height, width, query_height, query_width)`.

    Returns:
        Tensor of the same shape.
    """
    query_axes = tuple(range(3, len(volume.shape)))
    best_query = ops.max(volume, axis=query_axes, keepdims=True)
    best_reference = ops.max(volume, axis=(1, 2), keepdims=True)
    return volume * (
        volume
        / (best_query + _EPSILON)
        * (volume / (best_reference + _EPSILON))
    )


def neighbourhood_consensus(volume, kernels, biases, symmetric=True):
    """Filters a volume by 4-D convolutions, each followed by a ReLU.

    Args:
        volume: `(batch, height, width, query_height, query_width)` global
            correspondence volume.
        kernels: list of `(k1, k2, k3, k4, channels, output_channels)`, sizes
            odd; `k1` and `k2` run over the reference, `k3` and `k4` over the
            query. The first has one input channel, the last one output
            channel.
        biases: list of `(output_channels,)`.
        symmetric: whether to add the result of the same filters with
            reference and query exchanged.

    Returns:
        Tensor of the shape of `volume`.
    """
    result = _filter(volume, kernels, biases)
    if symmetric:
        exchanged = _filter(_exchange(volume), kernels, biases)
        result = result + _exchange(exchanged)
    return result


def _filter(volume, kernels, biases):
    volume = volume[..., None]
    for kernel, bias in zip(kernels, biases, strict=True):
        volume = ops.relu(conv4d.conv4d(volume, kernel, bias))
    return ops.squeeze(volume, axis=-1)


def _exchange(volume):
    """Makes the query the reference of a volume and the reverse."""
    return ops.transpose(volume, (0, 3, 4, 1, 2))
