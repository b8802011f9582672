"""The time of each operation of a graph, one at a time."""

import collections
import statistics

import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow.python.framework import convert_to_constants

_ROUNDS = 5
_KINDS = {
    "convolutions": "Conv2D DepthwiseConv2dNative Conv2DBackpropInput "
    "PadWithConv2D SpaceToBatchND BatchToSpaceND",
    "matrix products": "MatMul BatchMatMulV2 Einsum",
    "moving data": "Slice StridedSlice Pad PadV2 ConcatV2 Concat Transpose "
    "GatherV2 GatherNd Split Pack Unpack Reshape ReverseV2 Identity "
    "BroadcastTo Tile Fill",
    "sums": "Sum Mean Prod Max Softmax MaxPool",
    "loops": "While",
}
_KIND_OF = {
    name: kind for kind, names in _KINDS.items() for name in names.split()
}
OTHER = "element by element"
KINDS = (*_KINDS, OTHER)


def freeze(function):
    """Returns a concrete function with constants for variables, and its loops.

    Args:
        function: `tf.types.experimental.ConcreteFunction`.
    """
    return convert_to_constants.convert_variables_to_constants_v2(
        function, lower_control_flow=False
    )


def time_operations(frozen, inputs):
    """Times the operations of a frozen function.

    They run one after the other, on all cores each, so that their times add
    up. TensorFlow has optimised the graph before: an operation can stand for
    several of the original.

    Args:
        frozen: what `freeze` returned.
        inputs: dict: name of an input -> array.

    Returns:
        Dict: name of an operation -> its type and its median time in ms.
    """
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(frozen.graph.as_graph_def(), name="")
    config = config_pb2.ConfigProto(inter_op_parallelism_threads=1)
    outputs = [tensor.name for tensor in frozen.outputs]
    feed = {
        tensor.name: inputs[tensor.name.partition(":")[0]]
        for tensor in frozen.inputs
    }
    types, times = {}, collections.defaultdict(list)
    options = config_pb2.RunOptions(
        trace_level=config_pb2.RunOptions.FULL_TRACE
    )
    with tf.compat.v1.Session(graph=graph, config=config) as session:
        for _ in range(2):
            session.run(outputs, feed)
        for _ in range(_ROUNDS):
            trace = config_pb2.RunMetadata()
            session.run(outputs, feed, options=options, run_metadata=trace)
            for name, (kind, milliseconds) in _read(trace).items():
                types[name] = kind
                times[name].append(milliseconds)
    return {
        name: (types[name], statistics.median(values))
        for name, values in times.items()
    }


def by_kind(operations):
    """Adds up the times of operations.

    Args:
        operations: what `time_operations` returned.

    Returns:
        Dict: each of `KINDS` -> ms.
    """
    total = dict.fromkeys(KINDS, 0.0)
    for kind, milliseconds in operations.values():
        total[_KIND_OF.get(kind, OTHER)] += milliseconds
    return total


def _read(trace):
    """Returns name -> type and time in ms, of one run."""
    found = {}
    for device in trace.step_stats.dev_stats:
        for node in device.node_stats:
            label = node.timeline_label.partition(" = ")[2] or ":"
            kind = label.partition("(")[0]
            for part in ("_Mkl", "Native", "_Fused", "Fused"):
                kind = kind.replace(part, "")
            start, end = node.op_start_rel_nanos, node.op_end_rel_nanos
            found[node.node_name] = kind, (end - start) / 1e6
    return found
