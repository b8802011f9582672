"""Local operations as shifted multiply-adds, the yardstick of the benchmarks.

What a port without compiled kernels usually does: one pass over the features
per displacement. `sliced` takes the shifted features by `ops.slice`, `indexed`
by `x[:, i:j]`, whose gradient is much slower on TensorFlow.
"""

from keras import ops

from gocor_tf.ops import distance_map


def sliced(padded, dy, dx, height, width):
    """Cuts one shifted map out of a padded one with `ops.slice`."""
    batch, _, _, channels = ops.shape(padded)
    return ops.slice(padded, (0, dy, dx, 0), (batch, height, width, channels))


def indexed(padded, dy, dx, height, width):
    """Cuts one shifted map out of a padded one by indexing."""
    return padded[:, dy : dy + height, dx : dx + width]


def local_correlation(reference_features, query_features, radius=4, cut=sliced):
    """Computes what `ops.local_correlation` computes."""
    return ops.stack(
        [
            ops.mean(reference_features * shifted, axis=-1)
            for shifted in _shifts(query_features, radius, cut)
        ],
        axis=-1,
    )


def local_correlation_transpose(
    coefficients, query_features, radius=4, cut=sliced
):
    """Computes what `ops.local_correlation_transpose` computes."""
    total = 0
    for k, shifted in enumerate(_shifts(query_features, radius, cut)):
        total = total + coefficients[..., k : k + 1] * shifted
    return total / query_features.shape[-1]


def local_gocor(layer, reference_features, query_features, cut=sliced):
    """Computes what a `LocalGOCor` with its default options computes."""
    distance = distance_map.window_distances(layer.radius)
    label, weight, mask = layer.distance_predictors(distance)
    ridge = ops.maximum(ops.square(layer.filter_reg), layer.min_filter_reg**2)
    ridge = ridge / reference_features.shape[-1] ** 2
    filter_map = layer.filter_initializer(reference_features)
    window = {"radius": layer.radius, "cut": cut}
    for _ in range(layer.num_iterations):
        scores = local_correlation(filter_map, reference_features, **window)
        slope = weight * ops.where(scores > 0, 1.0, mask)
        residual = slope * scores - weight * label
        gradient = ridge * filter_map + local_correlation_transpose(
            slope * residual, reference_features, **window
        )
        change = slope * local_correlation(
            gradient, reference_features, **window
        )
        power = ops.sum(ops.square(gradient), axis=-1, keepdims=True)
        curvature = ops.sum(ops.square(change), axis=-1, keepdims=True)
        step = power / ops.maximum(curvature + ridge * power, 1e-8)
        filter_map -= ops.exp(layer.log_step_length) * step * gradient
    return local_correlation(filter_map, query_features, **window)


def _shifts(feature_map, radius, cut):
    _, height, width, _ = ops.shape(feature_map)
    margin = (radius, radius)
    padded = ops.pad(feature_map, ((0, 0), margin, margin, (0, 0)))
    for dy in range(2 * radius + 1):
        for dx in range(2 * radius + 1):
            yield cut(padded, dy, dx, height, width)
