"""The formulas of global GOCor, written out a second time in float64."""

import itertools

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from gocor_tf.layers.global_gocor import GlobalGOCor


def make_features(*shape, seed=0):
    features = np.random.default_rng(seed).normal(size=shape)
    return features / np.linalg.norm(features, axis=-1, keepdims=True)


def make_problem(dtype="float64", **settings):
    """A layer with random weights, reference and query of different sizes."""
    reference = make_features(2, 3, 4, 5).astype(dtype)
    query = make_features(2, 2, 5, 5, seed=1).astype(dtype)
    keras.utils.set_random_seed(0)
    layer = GlobalGOCor(
        reg_inter_dim=3, reg_output_dim=2, dtype=dtype, **settings
    )
    layer.build(reference.shape, query.shape)
    rng = np.random.default_rng(2)
    for weight in layer.weights:
        change = rng.uniform(-0.3, 0.3, size=weight.shape)
        if weight.name == "log_step_length":
            change = -0.1  # shorter than the minimum along the gradient
        weight.assign(ops.convert_to_numpy(weight) + change)
    reference, query = map(ops.convert_to_tensor, (reference, query))
    return layer, layer.filter_initializer(reference), reference, query


def interpolate(layer, name, distance):
    """Values of a predictor, by interpolation between its bins."""
    values = ops.convert_to_numpy(getattr(layer.distance_predictors, name))
    centres = np.arange(layer.num_dist_bins) * layer.bin_displacement
    return np.interp(distance, centres, values)


def make_maps(layer, height, width):
    """Label, weight and mask between all pairs of cells."""
    cells = np.array(list(itertools.product(range(height), range(width))))
    distance = np.linalg.norm(cells[:, None] - cells[None], axis=-1)
    if layer.reference_objective == "regression":
        return np.eye(len(cells)), 1.0, 1.0
    mask = interpolate(layer, "target_mask_predictor", distance)
    if layer.v_minus_act == "sigmoid":
        mask = 1 / (1 + np.exp(-mask))
    elif layer.v_minus_act == "softplus":
        mask = np.log1p(np.exp(mask))
    label = interpolate(layer, "label_map_predictor", distance)
    weight = interpolate(layer, "spatial_weight_predictor", distance)
    return label, weight, mask


def make_residuals(layer, filter_map, reference, query):
    """All residuals whose half squares are summed, term by term."""
    _, height, width, channels = reference.shape
    filters = tf.reshape(filter_map, (2, height * width, channels))
    features = tf.reshape(reference, (2, height * width, channels))
    scores = tf.matmul(filters, features, transpose_b=True)
    label, weight, mask = make_maps(layer, height, width)
    eta = layer.score_eta
    magnitude = tf.sqrt(scores**2 + eta**2) - eta if eta else tf.abs(scores)
    activated = (1 - mask) / 2 * magnitude + (1 + mask) / 2 * scores
    ridge = ops.convert_to_numpy(layer.filter_reg)[0]
    residuals = {
        "reference": weight * (activated - label),
        "regularization": max(abs(ridge), layer.min_filter_reg) * filters,
    }
    if layer.query_objective:
        volume = tf.einsum("bijc,bklc->bijkl", filter_map, query)
        residuals["query"] = tf.matmul(
            tf.reshape(volume, (2, -1)),
            make_convolution(layer, reference, query),
        )
    return residuals


def make_convolution(layer, reference, query):
    """The query term's convolution as a matrix, from a loop over 4-D taps."""
    weights = map(ops.convert_to_numpy, (layer.weight1, layer.weight2))
    kernel = np.einsum("cdui,abio->abcduo", *weights)
    size = (*reference.shape[1:3], *query.shape[1:3])
    cells = np.eye(np.prod(size)).reshape(-1, *size)
    padded = np.pad(cells, [(0, 0), *[(1, 1)] * 4])[..., None]
    result = 0.0
    for tap in itertools.product(range(3), repeat=4):
        window = (slice(i, i + n) for i, n in zip(tap, size, strict=True))
        result = result + padded[:, *window] @ kernel[tap]
    return result.reshape(len(cells), -1)
