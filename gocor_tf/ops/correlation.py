"""Point-to-point correspondence volumes: global and local correlation."""

from keras import backend, ops

from gocor_tf.ops import tiles


def global_correlation(reference_features, query_features):
    """Correlates every reference feature with every query feature.

    Args:
        reference_features: `(batch, height, width, channels)`.
        query_features: `(batch, query_height, query_width, channels)`.

    Returns:
        Plain dot products, `(batch, height, width, query_height *
        query_width)`, query positions row-major (GOCor, Eq. 1).

    Raises:
        ValueError: if an input is not 4-D or the channels differ.
    """
    _check_pair(reference_features, query_features)
    batch, height, width, channels = ops.shape(query_features)
    positions = ops.reshape(query_features, (batch, height * width, channels))
    volume = ops.einsum(
        "bhwc,bqc->bhwq", _widen(reference_features), _widen(positions)
    )
    return ops.cast(volume, query_features.dtype)


def local_correlation(reference_features, query_features, radius=4):
    """Correlates each reference feature with a window of query features.

    Args:
        reference_features: `(batch, height, width, channels)`.
        query_features: same shape.
        radius: search radius in pixels.

    Returns:
        Means over channels, `(batch, height, width, (2 * radius + 1)**2)`
        (GOCor, Eq. 2).

    Raises:
        ValueError: if an input is not 4-D or the sizes or channels differ.

    Convention:
        Channel `(dy + radius) * (2 * radius + 1) + dx + radius` belongs to
        the query pixel at `(x + dx, y + dy)`; features outside are zero.
    """
    _check_radius(radius)
    _check_pair(reference_features, query_features, same_size=True)
    _, height, width, channels = ops.shape(reference_features)
    reference_features = _widen(reference_features)
    scores = tiles.multiply(
        tiles.cut_tiles(_divide(reference_features, channels)),
        tiles.cut_windows(_widen(query_features), radius),
    )
    volume = tiles.join_tiles(tiles.extract_band(scores, radius), height, width)
    return ops.cast(volume, query_features.dtype)


def local_correlation_transpose(coefficients, query_features, radius=4):
    """Sums a window of query features with coefficients of its own per pixel.

    Args:
        coefficients: `(batch, height, width, (2 * radius + 1)**2)`.
        query_features: `(batch, height, width, channels)`.
        radius: search radius in pixels.

    Returns:
        `(batch, height, width, channels)`: the adjoint of
        `local_correlation` in its first argument, 1 / channels included.

    Raises:
        ValueError: if an input is not 4-D, the sizes differ or the
            coefficients do not have `(2 * radius + 1)**2` channels.
    """
    _check_radius(radius)
    _check_coefficients(coefficients, query_features, radius)
    _, height, width, channels = ops.shape(query_features)
    coefficients = _divide(_widen(coefficients), channels)
    scores = tiles.lift_band(tiles.cut_tiles(coefficients), radius)
    windows = tiles.cut_windows(_widen(query_features), radius)
    summed = tiles.join_tiles(
        tiles.multiply_transpose(scores, windows), height, width
    )
    return ops.cast(summed, query_features.dtype)


def _widen(x):
    """Casts to float32 at least.

    Some processors keep the running sum of a product of bfloat16 matrices in
    bfloat16: it is 12 % off after 512 channels.
    """
    return ops.cast(x, backend.result_type(x.dtype, "float32"))


def _divide(x, channels):
    """Divides by a number of channels that a graph may not know yet."""
    return x / ops.cast(channels, x.dtype)


def _check_radius(radius):
    if radius < 1:
        raise ValueError(f"`radius` must be > 0. Received: radius={radius}")


def _check_pair(reference_features, query_features, same_size=False):
    reference_shape = tuple(reference_features.shape)
    query_shape = tuple(query_features.shape)
    first = 1 if same_size else 3
    if (
        len(reference_shape) != 4
        or len(query_shape) != 4
        or not _agree(reference_shape[:1], query_shape[:1])
        or not _agree(reference_shape[first:], query_shape[first:])
    ):
        same = "size and channels" if same_size else "channels"
        raise ValueError(
            "`reference_features` and `query_features` must be (batch, height, "
            f"width, channels) with the same batch, {same}. Received: "
            f"shapes {reference_shape} and {query_shape}"
        )


def _check_coefficients(coefficients, query_features, radius):
    count = (2 * radius + 1) ** 2
    shape, query_shape = tuple(coefficients.shape), tuple(query_features.shape)
    if (
        len(shape) != 4
        or len(query_shape) != 4
        or not _agree(shape, (*query_shape[:3], count))
    ):
        raise ValueError(
            f"`coefficients` must be (batch, height, width, {count}) on the "
            "grid of `query_features`. Received: shapes "
            f"{shape} and {query_shape}"
        )


def _agree(shape, other):
    """Tells whether two shapes may be equal; None matches anything."""
    return all(
        a is None or b is None or a == b
        for a, b in zip(shape, other, strict=True)
    )
