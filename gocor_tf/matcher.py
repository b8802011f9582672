"""Two photographs in, a flow with its confidence out."""

import functools

import cv2
import keras
import numpy as np

from gocor_tf import progress
from gocor_tf.data import pictures
from gocor_tf.match import Match
from gocor_tf.models import load_model
from gocor_tf.ops import consistency, resize, stretched_flow


class Matcher:
    """Finds for each pixel of a photograph its match in another one.

    ```python
    matcher = gocor_tf.Matcher()
    match = matcher("reference.jpg", "query.jpg")
    match.save("out/")
    ```

    The network runs in both directions. If it gives no confidence of its own,
    the match gets that of `consistency.forward_backward_confidence`: 0.5
    where the way to the query and back ends one pixel of a 256 x 256 image
    away, 0 where the match lies outside the query.

    Args:
        model: network of the family; None: the embedded default.
        size: `(height, width)` to stretch both images to before the network
            sees them; None: their own. The answer is at the original size
            either way.
    """

    def __init__(self, model=None, size=None):
        if size is not None and (len(size) != 2 or min(size) < 1):
            raise ValueError(
                "`size` must be (height, width), both > 0. "
                f"Received: size={size}"
            )
        self.model = load_model("default") if model is None else model
        self.size = size
        self._run = _compile(self.model)

    def __call__(self, reference, query):
        """Matches one pair or, given two lists, one pair after the other.

        Args:
            reference: `(height, width, 3)` uint8 RGB, a path, or a list of
                either.
            query: the same; sizes may differ.

        Returns:
            A `Match`, or a list of them.

        Raises:
            ValueError: for an image that cannot be used, and for lists of
                different length.
        """
        are_lists = [isinstance(x, (list, tuple)) for x in (reference, query)]
        if not any(are_lists):
            return self._match(
                pictures.to_image(reference, "reference"),
                pictures.to_image(query, "query"),
            )
        if not all(are_lists) or len(reference) != len(query):
            raise ValueError(
                "`reference` and `query` must both be single images or lists "
                f"of one length. Received: reference={_describe(reference)}, "
                f"query={_describe(query)}"
            )
        pairs = list(zip(reference, query, strict=True))
        return [self(*pair) for pair in progress.track(pairs, "matching")]

    def _match(self, reference, query):
        outputs, backward_flow = self._both_directions(
            _stretch(reference, self.size), _stretch(query, self.size)
        )
        flow = outputs["flow"]
        confidence = outputs.get("confidence")
        if confidence is None:
            confidence = consistency.forward_backward_confidence(
                flow, backward_flow
            )
        if self.size is not None:
            size = reference.shape[:2]
            flow = stretched_flow.unstretch_flow(
                flow, self.size, size, query.shape[:2]
            )
            confidence = resize.bilinear_resize(confidence[..., None], size)
            confidence = confidence[..., 0]
        flow, confidence = (
            keras.ops.convert_to_numpy(x)[0] for x in (flow, confidence)
        )
        return Match(reference, query, flow, confidence)

    def _both_directions(self, reference, query):
        """Returns the outputs of a batch of one, and the flow of the way back.

        Images of one size go through the network together.
        """
        if reference.shape == query.shape:
            pair = np.stack([reference, query])
            outputs = self._run(pair, pair[::-1])
            first = {name: value[:1] for name, value in outputs.items()}
            return first, outputs["flow"][1:]
        outputs = self._run(reference[None], query[None])
        return outputs, self._run(query[None], reference[None])["flow"]


def _compile(model):
    """Returns a function of two uint8 image batches, traced once."""
    if keras.backend.backend() != "tensorflow":
        return functools.partial(_predict, model.predict_on_batch)
    import tensorflow as tf

    images = tf.TensorSpec((None, None, None, 3), tf.uint8)
    return tf.function(
        functools.partial(_predict, functools.partial(model, training=False)),
        input_signature=[images, images],
    )


def _predict(network, reference, query):
    outputs = network(
        {
            "reference": keras.ops.cast(reference, "float32"),
            "query": keras.ops.cast(query, "float32"),
        }
    )
    return {
        name: outputs[name]
        for name in ("flow", "confidence")
        if name in outputs
    }


def _stretch(image, size):
    if size is None:
        return image
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)


def _describe(images):
    if isinstance(images, (list, tuple)):
        return f"{len(images)} images"
    return "one image"
