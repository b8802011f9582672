"""Local GOCor's residuals, written out naively from GOCor, Eq. 4 to 6."""

import numpy as np
import tensorflow as tf


def naive_correlation(features, others, radius):
    """Means of products with every shifted copy, zeros outside."""
    _, height, width, _ = features.shape
    margin = (radius, radius)
    padded = tf.pad(others, ((0, 0), margin, margin, (0, 0)))
    side = range(2 * radius + 1)
    shifts = [
        padded[:, i : i + height, j : j + width] for i in side for j in side
    ]
    return tf.stack([tf.reduce_mean(features * x, -1) for x in shifts], -1)


def naive_residuals(layer, filter_map, reference, query):
    """All residuals whose squares are minimized, `(batch, H, W, count)`."""
    offsets = np.arange(-layer.radius, layer.radius + 1)
    distance = np.hypot(offsets[:, None], offsets[None, :]).reshape(-1)
    scores = naive_correlation(filter_map, reference, layer.radius)
    if layer.reference_objective == "regression":
        residual = scores - (distance == 0)
    else:
        label, weight, mask = layer.distance_predictors(distance)
        positive, negative = weight, weight * mask
        eta = layer.score_eta
        # The root has no derivative at zero, where features are zero.
        root = tf.sqrt(scores**2 + eta**2) if eta else tf.abs(scores)
        residual = (
            (positive - negative) / 2 * (root - eta)
            + (positive + negative) / 2 * scores
            - weight * label
        )
    ridge = tf.maximum(layer.filter_reg.value**2, layer.min_filter_reg**2)
    residuals = [residual, tf.sqrt(ridge) / reference.shape[-1] * filter_map]
    if layer.query_objective:
        scores = naive_correlation(filter_map, query, layer.radius)
        residuals.append(naive_regularization(layer, scores))
    return tf.concat(residuals, axis=-1)


def naive_regularization(layer, scores):
    """Convolves the grid, then the window of displacements."""
    batch, height, width, count = scores.shape
    side = 2 * layer.radius + 1
    maps = [
        tf.nn.conv2d(scores[..., k : k + 1], layer.weight1.value, 1, "SAME")
        for k in range(count)
    ]
    middle = tf.stack(maps, axis=3)
    middle = tf.reshape(middle, (-1, side, side, layer.reg_inter_dim))
    result = tf.nn.conv2d(middle, layer.weight2.value, 1, "SAME")
    return tf.reshape(result, (batch, height, width, -1))
