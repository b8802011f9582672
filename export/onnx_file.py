"""Networks for ONNX Runtime: one file, compared before it appears.

The graph is that of one match: float32 images `reference` and `query` in, in
0..255, `flow` and `confidence` out, without checks of the input.
"""

import contextlib
import logging

import numpy as np

from gocor_tf.data import atomic
from gocor_tf.layers.correlation_uncertainty import CorrelationUncertainty

from . import image_files, sample_requests, signatures

# px for flow, and of 1 for confidence: the runtime adds in another order.
TOLERANCE = 0.01
_OPSET = 18


def write_onnx(model, path, size=None):
    """Writes a network for ONNX Runtime.

    Args:
        model: a built network of the family.
        path: of the file, in an existing folder.
        size: `(height, width)` of both images; None: any, and any batch.

    Raises:
        RuntimeError: if ONNX cannot hold the network, or ONNX Runtime answers
            otherwise than it does.
    """
    import onnxruntime
    import tf2onnx

    # It goes on after errors, which the runtime then finds.
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    shape = (None, None, None, 3) if size is None else (1, *size, 3)
    match = signatures.match_function(model, shape)
    with without_loops(model):
        converted, _ = tf2onnx.convert.from_function(
            match,
            match.input_signature,
            opset=_OPSET,
            custom_op_handlers={"Expm1": (_convert_expm1, [])},
        )
    file = converted.SerializeToString()
    with _clear_errors():
        session = onnxruntime.InferenceSession(
            file, providers=["CPUExecutionProvider"]
        )
    names = [output.name for output in session.get_outputs()]

    def answer(pair):
        with _clear_errors():
            return dict(zip(names, session.run(names, pair), strict=True))

    compare(match, answer, size)
    atomic.write_bytes(str(path), file)


@contextlib.contextmanager
def without_loops(model):
    """Lets all windows be decoded at once: tf2onnx cannot convert the loop."""
    decoders = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, CorrelationUncertainty)
    ]
    chunks = [decoder.chunk for decoder in decoders]
    try:
        for decoder in decoders:
            decoder.chunk = None
        yield
    finally:
        for decoder, chunk in zip(decoders, chunks, strict=True):
            decoder.chunk = chunk


def _convert_expm1(graph, node, name, _):
    """Replaces `exp(x) - 1`, which ONNX lacks, by `tanh(x/2) (exp(x) + 1)`.

    It is as exact for small numbers.
    """
    value, outputs = node.input[0], node.output
    known = {"shapes": node.output_shapes, "dtypes": node.output_dtypes}
    half, one = (
        graph.make_const(f"{name}_{label}", np.float32(number))
        for label, number in (("half", 0.5), ("one", 1.0))
    )
    halved = graph.make_node("Mul", [value, half.output[0]])
    grown = graph.make_node("Exp", [value])
    factors = (
        graph.make_node("Tanh", halved.output),
        graph.make_node("Add", [grown.output[0], one.output[0]]),
    )
    graph.remove_node(name)
    inputs = [factor.output[0] for factor in factors]
    return graph.make_node("Mul", inputs, name=name, outputs=outputs, **known)


@contextlib.contextmanager
def _clear_errors():
    # The runtime's errors have no class of their own in common.
    try:
        yield
    except Exception as error:
        raise RuntimeError(
            "the network must be one that tf2onnx converts, which not every "
            "preset is, nor at every size (docs/serving.md). Received from "
            f"ONNX Runtime: {error}"
        ) from error


def compare(match, answer, size=None):
    """Raises RuntimeError unless a runtime answers as the network does.

    Args:
        match: see `signatures.match_function`.
        answer: function of a dict of float32 images to a dict of arrays.
        size: `(height, width)` of the images; None: any.
    """
    pair = sample_requests.images(1)
    pair = {
        name: pictures.astype(np.float32)
        if size is None
        else image_files.stretch(pictures, size).numpy()
        for name, pictures in pair.items()
    }
    found = answer(pair)
    for name, expected in match(**pair).items():
        difference = np.abs(found[name] - expected.numpy()).max()
        if not difference <= TOLERANCE:
            raise RuntimeError(
                f"ONNX Runtime must answer {name} as the network does, within "
                f"{TOLERANCE}. Received: a difference of {difference:.2g}"
            )
