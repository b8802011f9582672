"""From what a server answers to a match."""

import cv2
import numpy as np

from gocor_tf.match import Match
from gocor_tf.serving.errors import ServingError


def to_match(pair, outputs):
    """Checks the outputs of a signature and makes a match of them.

    An export with a fixed size answers on a grid of that size over the
    reference, in pixels of the original query: resizing it is all there is to
    do.

    Args:
        pair: the `ImagePair` that was sent.
        outputs: dict of arrays, `flow` `(1, height, width, 2)` and
            `confidence` `(1, height, width)` among them.

    Returns:
        A `Match` at the reference's size.

    Raises:
        ServingError: if the outputs are not those of the pair.
    """
    size = pair.reference.shape[:2]
    grid = size
    if "reference_size" in outputs:
        grid = outputs.get("flow", np.zeros(3)).shape[1:3]
    flow = _checked(outputs, "flow", (1, *grid, 2))
    confidence = _checked(outputs, "confidence", (1, *grid))
    if grid != size:
        flow, confidence = (
            cv2.resize(values, size[::-1], interpolation=cv2.INTER_LINEAR)
            for values in (flow, confidence)
        )
    return Match(pair.reference, pair.query, flow, confidence)


def _checked(outputs, name, shape):
    """Returns the only element of a batch of one, float32."""
    received = outputs[name].shape if name in outputs else None
    if received != shape:
        raise ServingError(
            "UNKNOWN",
            f"the answer must hold `{name}` of shape {shape}. "
            f"Received: {name}.shape={received}",
        )
    values = outputs[name][0].astype(np.float32)
    if not np.isfinite(values).all():
        raise ServingError("UNKNOWN", f"the answer's `{name}` must be finite")
    return values
