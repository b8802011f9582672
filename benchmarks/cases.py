"""What is timed: our operations beside what a user would otherwise run."""

import functools
from dataclasses import dataclass, field

import numpy as np
from keras import ops

from benchmarks import backend, shifted, stopwatch, torch_peers
from gocor_tf.layers.global_correlation import GlobalCorrelation
from gocor_tf.layers.global_gocor import GlobalGOCor
from gocor_tf.layers.local_gocor import LocalGOCor
from gocor_tf.ops import correlation
from gocor_tf.ops.warp import warp

RADIUS = 4
SIZES = ("64x64x128", "128x128x64", "32x32x512")


@dataclass
class Case:
    """Ways to compute one thing.

    Attributes:
        what: is computed.
        size: of the features.
        ways: name -> function of the inputs; the first is ours.
        inputs: list of tensors.
        weights: Keras variables that get gradients too.
        products: useful multiply-adds of our forward pass, or 0.
        peer: the same for `torch_peers`, or None.
    """

    what: str
    size: str
    ways: dict
    inputs: list
    weights: list = field(default_factory=list)
    products: int = 0
    peer: object = None


def local_correlation(size, batch=1, dtype="float32", with_indexed=True):
    """Local correlation of random features."""
    shape = _shape(size, batch)
    return Case(
        "local correlation",
        size,
        _ways(
            correlation.local_correlation,
            shifted.local_correlation,
            with_indexed,
        ),
        _random(shape, shape, dtype=dtype),
        products=_products(shape),
        peer=torch_peers.local_correlation,
    )


def local_correlation_transpose(
    size, batch=1, dtype="float32", with_indexed=True
):
    """The adjoint of local correlation."""
    shape = _shape(size, batch)
    return Case(
        "local correlation transpose",
        size,
        _ways(
            correlation.local_correlation_transpose,
            shifted.local_correlation_transpose,
            with_indexed,
        ),
        _random((*shape[:3], (2 * RADIUS + 1) ** 2), shape, dtype=dtype),
        products=_products(shape),
    )


def local_gocor(size, batch=1, dtype="float32", with_indexed=True):
    """Local GOCor with its default options: three iterations."""
    shape = _shape(size, batch)
    policy = dtype if dtype == "float32" else f"mixed_{dtype}"
    layer = LocalGOCor(dtype=policy)
    layer.build(shape, shape)
    yardstick = functools.partial(shifted.local_gocor, layer)
    return Case(
        "local GOCor",
        size,
        _ways(layer, yardstick, with_indexed),
        _random(shape, shape, dtype=dtype),
        layer.trainable_weights,
        # The query once, the reference once and twice per iteration.
        products=(2 + 2 * layer.num_iterations) * _products(shape),
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
        "global GOCor",
        "16x16x512",
        {**layers, "plain correlation": GlobalCorrelation()},
        [ops.normalize(x, axis=-1) for x in _random(shape, shape)],
        # As in local GOCor; every filter meets every feature.
        products=(2 + 2 * 3) * 256 * int(np.prod(shape)),
    )


def warping(size="64x64x128", batch=1, dtype="float32"):
    """Backward warp of features by a flow of a few pixels."""
    shape = _shape(size, batch)
    (features,) = _random(shape, dtype=dtype)
    (flow,) = _random((*shape[:3], 2))
    return Case(
        "warp",
        size,
        {"ours": warp, "map_coordinates": _map_coordinates},
        [features, 4 * flow],
        peer=torch_peers.warp,
    )


def matrix_product(dtype="float32", side=2048):
    """One large matrix product: the machine's matrix rate."""
    return Case(
        "matrix product",
        f"{side}x{side}x{side}",
        {"ours": ops.matmul},
        _random((side, side), (side, side), dtype=dtype),
        products=side**3,
    )


def compile_ways(case):
    """Compiles all ways of a case, PyTorch's included where it can run.

    Args:
        case: `Case`.

    Returns:
        Dict: "forward" and "gradient" -> way -> callable without arguments.
    """
    compiled = {
        way: stopwatch.compile_modes(function, case.inputs, case.weights)
        for way, function in case.ways.items()
    }
    if case.peer and not torch_peers.missing():
        compiled["PyTorch"] = torch_peers.modes(case.peer, case.inputs)
    return {
        mode: {way: modes[mode] for way, modes in compiled.items()}
        for mode in stopwatch.MODES
    }


def gradient_memory(size, way):
    """Returns the peak memory of one way of local GOCor's gradient, in MB.

    Args:
        size: one of `SIZES`.
        way: name.
    """
    case = local_gocor(size)
    return stopwatch.peak_memory(
        backend.trace_gradient(case.ways[way], case.inputs, case.weights)
    )


def _ways(ours, yardstick, with_indexed):
    """Returns our way, and the yardstick with one way to shift, or both."""
    ways = {"tiles": ours, "ops.slice": yardstick}
    if with_indexed:
        indexed = functools.partial(yardstick, cut=shifted.indexed)
        ways["x[:, i:j]"] = indexed
    return ways


def _map_coordinates(features, flow):
    _, height, width, channels = features.shape
    shape = (height, width, channels)
    y, x, c = ops.meshgrid(
        *(ops.arange(size, dtype="float32") for size in shape), indexing="ij"
    )
    coordinates = ops.stack([y + flow[0, ..., 1:], x + flow[0, ..., :1], c])
    return ops.image.map_coordinates(features[0], coordinates, order=1)[None]


def _shape(size, batch):
    return batch, *map(int, size.split("x"))


def _products(shape):
    return int(np.prod(shape)) * (2 * RADIUS + 1) ** 2


def _random(*shapes, dtype="float32"):
    generator = np.random.default_rng(0)
    return [
        ops.convert_to_tensor(
            generator.standard_normal(s).astype("float32"), dtype
        )
        for s in shapes
    ]
