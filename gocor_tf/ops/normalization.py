"""L2 normalization of features and correspondence volumes."""

from keras import backend, ops

_EPSILON = 1e-6


def feature_l2_norm(features):
    """Divides each feature vector by its length.

    Convention: the epsilon of 1e-6 is added inside the square root, so zero
    vectors stay zero and keep a finite gradient.

    Args:
        features: `(..., channels)` tensor.

    Returns:
        Tensor of the same shape and dtype.
    """
    # The sum of squares overflows float16.
    wide = ops.cast(features, backend.result_type(features.dtype, "float32"))
    square = ops.sum(ops.square(wide), axis=-1, keepdims=True)
    return ops.cast(wide * ops.rsqrt(square + _EPSILON), features.dtype)


def relu_l2_norm(volume):
    """Drops negative scores, then normalizes each pixel's scores.

    Args:
        volume: `(batch, height, width, matches)` correspondence volume.

    Returns:
        Tensor of the same shape and dtype.
    """
    return feature_l2_norm(ops.relu(volume))
