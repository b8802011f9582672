"""Ops and layers to compare between Keras's backends.

`KERAS_BACKEND=jax python -m tests.backend_cases FILE.npz` computes all of them
on one backend and stores values and derivatives.
"""

import sys

import keras
import numpy as np
from keras import ops, tree

from gocor_tf import layers
from gocor_tf.layers import flow_decoder
from gocor_tf.layers.context_network import ContextNetwork
from gocor_tf.layers.correlation_uncertainty import CorrelationUncertainty
from gocor_tf.layers.mixture_level import MixtureLevel
from gocor_tf.losses import negative_log_likelihood
from gocor_tf.ops import (
    conv4d,
    correlation,
    distance_map,
    flow,
    matching,
    mixture,
    normalization,
    preprocess,
    resize,
    score_activation,
)
from gocor_tf.ops.confidence_mask import most_certain_mask
from gocor_tf.ops.warp import masked_warp, warp
from tests import autodiff

_MAP = (2, 5, 6, 3)
_IMAGE = (1, 70, 41, 3)

# Name -> function, shapes of its arguments.
OPS = {
    "area_resize": (lambda x: resize.area_resize(x, (3, 8)), _MAP),
    "bilinear_resize": (lambda x: resize.bilinear_resize(x, (8, 4)), _MAP),
    "conv4d": (conv4d.conv4d, (1, 3, 4, 2, 3, 2), (3, 3, 3, 3, 2, 4), (4,)),
    "distance_bins": (
        lambda x: distance_map.distance_bins(ops.abs(3 * x)),
        (4, 5),
    ),
    "global_correlation": (
        correlation.global_correlation,
        _MAP,
        (2, 4, 3, 3),
    ),
    "local_correlation": (
        lambda a, b: correlation.local_correlation(a, b, 3),
        _MAP,
        _MAP,
    ),
    "local_correlation_transpose": (
        lambda a, b: correlation.local_correlation_transpose(a, b, 2),
        (2, 5, 6, 25),
        _MAP,
    ),
    "masked_warp": (masked_warp, _MAP, (2, 5, 6, 2)),
    "mixture": (
        lambda a, b, c, d: [
            mixture.interval_probability(a, b, 2.0),
            mixture.interval_probability(a, b, 2.0, "gaussian"),
            mixture.mixture_variance(a, b),
            mixture.constrain_log_variance(a, 2.0, 9.0),
            mixture.constrain_log_variance(a, 0.0, 9.0),
            mixture.constrain_log_variance(a, 2.0),
            negative_log_likelihood.laplace(c, d, a, b),
            negative_log_likelihood.gaussian(c, d, a, b),
        ],
        _MAP,
        _MAP,
        (2, 5, 6, 2),
        (2, 5, 6, 2),
    ),
    "most_certain_mask": (
        lambda a: a * ops.cast(most_certain_mask(a, 30), "float32"),
        (2, 5, 6),
    ),
    "mutual_matching": (
        lambda x: matching.mutual_matching(ops.abs(x)),
        (2, 3, 4, 6),
    ),
    "normalized_mapping_to_flow": (
        flow.normalized_mapping_to_flow,
        (2, 5, 6, 2),
    ),
    "preprocess_basenet": (
        lambda a, b: _images(preprocess.preprocess_basenet, a, b),
        _IMAGE,
        (1, 20, 30, 3),
    ),
    "preprocess_glunet": (
        lambda a, b: _images(preprocess.preprocess_glunet, a, b),
        _IMAGE,
        (1, 20, 30, 3),
    ),
    "preprocess_pwcnet": (
        lambda a, b: _images(preprocess.preprocess_pwcnet, a, b),
        _IMAGE,
        (1, 200, 30, 3),
    ),
    "relu_l2_norm": (normalization.relu_l2_norm, _MAP),
    "resize_flow": (lambda x: flow.resize_flow(x, (9, 4)), (2, 5, 6, 2)),
    "score_activation": (score_activation.score_activation, (4, 5), (4, 1)),
    "score_activation_smooth": (
        lambda c, m: score_activation.score_activation(c, m, 0.1),
        (4, 5),
        (4, 1),
    ),
    "separable_conv4d": (
        conv4d.separable_conv4d,
        (1, 3, 4, 5, 2),
        (3, 3, 1, 4),
        (5, 5, 4, 2),
    ),
    "separable_conv4d_transpose": (
        conv4d.separable_conv4d_transpose,
        (1, 3, 4, 5, 2, 2),
        (3, 3, 1, 4),
        (5, 5, 4, 2),
    ),
    "warp": (warp, _MAP, (2, 4, 7, 2)),
}

# Name -> constructor, shapes of the arguments of its call.
LAYERS = {
    "ContextNetwork": (lambda: ContextNetwork(width=0.125), _MAP),
    # More windows than are decoded at once.
    "CorrelationUncertainty": (
        lambda: CorrelationUncertainty(width=0.25),
        (1, 50, 45, 81),
    ),
    "DenseDecoder": (lambda: flow_decoder.DenseDecoder(width=0.1), _MAP),
    "FeatureL2Norm": (layers.FeatureL2Norm, _MAP),
    "GlobalCorrelation": (layers.GlobalCorrelation, _MAP, _MAP),
    "GlobalGOCor": (
        lambda: layers.GlobalGOCor(reg_inter_dim=3, reg_output_dim=2),
        (2, 4, 4, 5),
        (2, 4, 4, 5),
    ),
    "GlobalGOCor_smooth": (
        lambda: layers.GlobalGOCor(query_objective=False, score_eta=0.1),
        (2, 4, 4, 5),
        (2, 3, 4, 5),
    ),
    "LocalCorrelation": (layers.LocalCorrelation, _MAP, _MAP),
    "LocalGOCor": (layers.LocalGOCor, _MAP, _MAP),
    "LocalGOCor_query": (
        lambda: layers.LocalGOCor(
            radius=2, query_objective=True, initializer="zero"
        ),
        _MAP,
        _MAP,
    ),
    "LocalFlexibleContextAwareInitializer": (
        layers.LocalFlexibleContextAwareInitializer,
        _MAP,
    ),
    "MixtureLevel": (
        lambda: MixtureLevel("local", 64.0, width=0.25),
        *[_MAP] * 3,
    ),
    "MutualMatching": (layers.MutualMatching, (1, 3, 3, 2, 4)),
    "NeighbourhoodConsensus": (
        lambda: layers.NeighbourhoodConsensus((3, 1), (4, 1)),
        (1, 3, 3, 2, 4),
    ),
    "PlainDecoder": (lambda: flow_decoder.PlainDecoder(width=0.1), _MAP),
    "ResidualDecoder": (
        lambda: flow_decoder.ResidualDecoder(width=0.1),
        _MAP,
    ),
}


def main(path):
    """Stores `name/value/i` and `name/derivative/i` of all cases."""
    arrays = {}
    for name, (function, *shapes) in OPS.items():
        arrays |= _run(name, function, shapes)
    for name, (constructor, *shapes) in LAYERS.items():
        arrays |= _run(name, *_as_function(constructor(), shapes))
    np.savez(path, **arrays)


def _as_function(layer, shapes):
    """Makes the trainable weights of a layer arguments of its call."""
    layer(*(np.zeros(shape, "float32") for shape in shapes))
    weights = layer.trainable_variables
    initial = [ops.convert_to_numpy(weight) for weight in weights]
    # Those that are random differ between backends.
    initial = [start * (np.std(start) == 0) for start in initial]

    def function(*arguments):
        inputs, changes = arguments[: len(shapes)], arguments[len(shapes) :]
        mapping = [
            (weight, ops.add(start, 0.1 * change))
            for weight, change, start in zip(
                weights, changes, initial, strict=True
            )
        ]
        with keras.StatelessScope(state_mapping=mapping):
            return layer(*inputs)

    return function, [*shapes, *(tuple(weight.shape) for weight in weights)]


def _run(name, function, shapes):
    rng = np.random.default_rng(0)
    arguments = {
        f"{index:02}": rng.standard_normal(shape).astype("float32")
        for index, shape in enumerate(shapes)
    }

    def weighted_sum(tensors):
        outputs = tree.flatten(function(*tensors.values()))
        scalar = sum(ops.sum(x * ops.cos(x)) for x in outputs)
        return scalar, outputs

    outputs, derivatives = autodiff.gradients(weighted_sum, arguments)
    arrays = {
        f"{name}/value/{index}": ops.convert_to_numpy(output)
        for index, output in enumerate(outputs)
    }
    for index, derivative in derivatives.items():
        arrays[f"{name}/derivative/{index}"] = derivative
    return arrays


def _images(function, reference, query):
    """Preprocesses images made of random numbers."""
    return function(
        *(ops.clip(60 * x + 128, 0, 255) for x in (reference, query))
    )


if __name__ == "__main__":
    main(sys.argv[1])
