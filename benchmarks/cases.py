"""What is timed: our operations beside what a user would otherwise run."""

import functools
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf
from keras import ops

from benchmarks import shifted
from gocor_tf.layers.global_correlation import GlobalCorrelation
from gocor_tf.layers.global_gocor import GlobalGOCor
from gocor_tf.layers.local_gocor import LocalGOCor
from gocor_tf.ops import correlation
from gocor_tf.ops.warp import warp

RADIUS = 4
SIZES = {
    "64x64x128": (1, 64, 64, 128),
    "128x128x64": (1, 128, 128, 64),
    "32x32x512": (1, 32, 32, 512),
}


@dataclass
class Case:
    """Ways to compute one thing.

    Attributes:
        name: what is computed, with its size.
        ways: name -> function of the inputs; the first is ours.
        inputs: list of tensors.
        weights: variables that get gradients too.
        products: useful multiply-adds of our forward pass, or 0.
    """

    name: str
    ways: dict
    inputs: list
    weights: list = field(default_factory=list)
    products: int = 0


def local_correlation(size):
    """Local correlation of random features."""
    return Case(
        f"local correlation {size}",
        {
            "tiles": correlation.local_correlation,
            "ops.slice": shifted.local_correlation,
            "x[:, i:j]": _indexed(shifted.local_correlation),
        },
        _random(SIZES[size], SIZES[size]),
        products=_products(size),
    )


def local_correlation_transpose(size):
    """The adjoint of local correlation."""
    return Case(
        f"local correlation transpose {size}",
        {
            "tiles": correlation.local_correlation_transpose,
            "ops.slice": shifted.local_correlation_transpose,
            "x[:, i:j]": _indexed(shifted.local_correlation_transpose),
        },
        _random((*SIZES[size][:3], (2 * RADIUS + 1) ** 2), SIZES[size]),
        products=_products(size),
    )


def local_gocor(size):
    """Local GOCor with its default options: three iterations."""
    layer = LocalGOCor()
    layer.build(SIZES[size], SIZES[size])
    way = functools.partial(shifted.local_gocor, layer)
    return Case(
        f"local GOCor {size}",
        {"tiles": layer, "ops.slice": way, "x[:, i:j]": _indexed(way)},
        _random(SIZES[size], SIZES[size]),
        [weight.value for weight in layer.trainable_weights],
        # The query once, the reference once and twice per iteration.
        products=(2 + 2 * layer.num_iterations) * _products(size),
    )


def global_gocor():
    """Global GOCor, three iterations, without and with the query objective."""
    shape = (1, 16, 16, 512)
    layers = {
        "reference objective": GlobalGOCor(query_objective=False),
        "with query objective": GlobalGOCor(),
    }
    for layer in layers.values():
        layer.build(shape, shape)
    return Case(
        "global GOCor 16x16x512",
        {**layers, "plain correlation": GlobalCorrelation()},
        [tf.math.l2_normalize(x, -1) for x in _random(shape, shape)],
        # As in local GOCor; every filter meets every feature.
        products=(2 + 2 * 3) * 256 * int(np.prod(shape)),
    )


def warping():
    """Backward warp of features by a flow of a few pixels."""
    return Case(
        "warp 64x64x128",
        {"ours": warp, "map_coordinates": _map_coordinates},
        [*_random((1, 64, 64, 128)), 4 * _random((1, 64, 64, 2))[0]],
    )


def matrix_product():
    """One large matrix product: the machine's matrix rate."""
    return Case(
        "matrix product 2048x2048x2048",
        {"ours": ops.matmul},
        _random((2048, 2048), (2048, 2048)),
        products=2048**3,
    )


def _indexed(function):
    return functools.partial(function, cut=shifted.indexed)


def _map_coordinates(features, flow):
    _, height, width, channels = features.shape
    shape = (height, width, channels)
    y, x, c = ops.meshgrid(
        *(ops.arange(size, dtype="float32") for size in shape), indexing="ij"
    )
    coordinates = ops.stack([y + flow[0, ..., 1:], x + flow[0, ..., :1], c])
    return ops.image.map_coordinates(features[0], coordinates, order=1)[None]


def _products(size):
    return int(np.prod(SIZES[size])) * (2 * RADIUS + 1) ** 2


def _random(*shapes):
    generator = np.random.default_rng(0)
    return [
        tf.constant(generator.standard_normal(s), "float32") for s in shapes
    ]
