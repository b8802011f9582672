"""What the arithmetic of a TensorFlow graph needs."""

import math
from dataclasses import dataclass

from gocor_tf.ops import tiles

RADIUS = 4
_BYTES = 4
# Of the products of a tile with its window, those within the search radius.
_TILE = (tiles.PIXELS, math.prod(tiles.window_size(RADIUS)))
_BAND = (2 * RADIUS + 1) ** 2 / _TILE[1]


@dataclass(frozen=True)
class Need:
    """What operations need.

    Attributes:
        products: useful multiply-adds.
        bytes: of operands and results, each once.
    """

    products: float
    bytes: float

    def seconds(self, rate, bandwidth):
        """Returns the time it takes a machine at least.

        Args:
            rate: multiply-adds a second.
            bandwidth: bytes a second.
        """
        return max(self.products / rate, self.bytes / bandwidth)


def needs(graph):
    """Returns a `Need` for each convolution and matrix product of a graph.

    Args:
        graph: `tf.Graph` of one batch of one size, without loops.

    Raises:
        ValueError: if a size is unknown, or there is a loop.
    """
    found = []
    for operation in graph.get_operations():
        if operation.type in ("While", "StatelessWhile"):
            raise ValueError(f"`graph` must have no loop: {operation.name}")
        count = _COUNTS.get(operation.type)
        if count is not None:
            *operands, result = (
                _shape(tensor)
                for tensor in (*operation.inputs, operation.outputs[0])
            )
            products = count(operation, operands, result)
            if any(s[-2:] == _TILE for s in (*operands, result)):
                products *= _BAND
            sizes = map(math.prod, (*operands, result))
            found.append(Need(products, _BYTES * sum(sizes)))
    return found


def _shape(tensor):
    if not tensor.shape.is_fully_defined():
        raise ValueError(f"`graph` must have known sizes: {tensor.name}")
    return tuple(tensor.shape)


def _convolution(operation, operands, result):
    del operation
    _, kernel = operands
    return math.prod(result) * math.prod(kernel[:3])


def _transposed_convolution(operation, operands, result):
    del operation, result
    _, kernel, values = operands
    return math.prod(values) * math.prod(kernel[:3])


def _matrix_product(operation, operands, result):
    names = operation.node_def.attr
    is_transposed = any(
        names[name].b for name in ("transpose_a", "adj_x") if name in names
    )
    inner = operands[0][-2 if is_transposed else -1]
    return math.prod(result) * inner


def _einsum(operation, operands, result):
    del result
    equation = operation.get_attr("equation").decode()
    names = equation.partition("->")[0].split(",")
    lengths = {}
    for letters, shape in zip(names, operands, strict=True):
        lengths |= dict(zip(letters, shape, strict=True))
    return math.prod(lengths.values())


_COUNTS = {
    "Conv2D": _convolution,
    "Conv2DBackpropInput": _transposed_convolution,
    "MatMul": _matrix_product,
    "BatchMatMulV2": _matrix_product,
    "Einsum": _einsum,
}
