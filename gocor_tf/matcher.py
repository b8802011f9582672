"""Two photographs in, a flow with its confidence out."""

import functools

import cv2
import keras
import numpy as np

from gocor_tf import progress, stages
from gocor_tf.data import pictures
from gocor_tf.match import Match
from gocor_tf.models import BaseNet, load_model
from gocor_tf.models.coarse_features import coarse_features
from gocor_tf.ops import consistency, resize, stretched_flow

# The matches that fit a homography, of networks with a confidence of their own
# (the published constants, spec models.md, 9.4) and of others.
_PUBLISHED = {"min_confidence": 0.05, "threshold": 0.5, "is_relative": False}
_CONSISTENCY = {"min_confidence": 0.15, "threshold": 2.0, "is_relative": True}


class Matcher:
    """Finds for each pixel of a photograph its match in another one.

    ```python
    matcher = gocor_tf.Matcher()
    match = matcher("reference.jpg", "query.jpg")
    match.save("out/")
    ```

    If the network gives no confidence of its own, it runs in both directions,
    and the match gets that of `consistency.forward_backward_confidence`: 0.5
    where the way to the query and back ends one pixel of a 256 x 256 image
    away, 0 where the match lies outside the query. PDC-Net gives the
    probability that both components are right to within its `radius`.

    Args:
        model: network of the family; None: the embedded default.
        size: `(height, width)` to stretch both images to before the network
            sees them; None: their own. The answer is at the original size
            either way.
        mode: passes over a pair, see `stages.match`: "direct", "homography",
            "multi_scale" or "alignment". None: "alignment" for BaseNet, which
            the embedded default is and whose passes are cheap and coarse, and
            "direct" for other networks.
        num_iterations: of GOCor's layers, see the network; None: its own.
        batch_size: successive pairs of lists that go through the network
            together where their images' sizes are equal, to fill a GPU.
            More than 1 needs the mode "direct".
    """

    def __init__(
        self,
        model=None,
        size=None,
        mode=None,
        num_iterations=None,
        batch_size=1,
    ):
        if size is not None and (len(size) != 2 or min(size) < 1):
            raise ValueError(
                "`size` must be (height, width), both > 0. "
                f"Received: size={size}"
            )
        if mode is not None and mode not in stages.MODES:
            raise ValueError(
                f"`mode` must be one of {stages.MODES}. Received: mode={mode!r}"
            )
        self.model = load_model("default") if model is None else model
        self.size = size
        if mode is None:
            aligns = isinstance(self.model, BaseNet)
            mode = "alignment" if aligns else "direct"
        if batch_size < 1 or (batch_size > 1 and mode != "direct"):
            raise ValueError(
                "`batch_size` must be > 0, and 1 unless the mode is 'direct'. "
                f"Received: batch_size={batch_size}, mode={mode!r}"
            )
        self.mode = mode
        self.num_iterations = num_iterations
        self.batch_size = batch_size
        # A network of the caller's own need not have GOCor.
        options = (
            {} if num_iterations is None else {"num_iterations": num_iterations}
        )
        self._run = _compile(self.model, options)
        self._gives_confidence = "confidence" in _output_names(
            self._run, self.model
        )
        self._matching = stages.Matching(
            run=self._match_once,
            coarse_features=(
                _compile_features(self.model) if mode == "alignment" else None
            ),
            **_PUBLISHED if self._gives_confidence else _CONSISTENCY,
        )

    def __call__(self, reference, query):
        """Matches one pair or, given two lists, many.

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
        pairs = progress.track(
            zip(reference, query, strict=True), "matching", len(query)
        )
        if self.batch_size == 1:
            return [self(*pair) for pair in pairs]
        return [
            match
            for group in _group(pairs, self.batch_size)
            for match in self._match_group(*group)
        ]

    def _match(self, reference, query):
        flow, confidence = stages.match(
            self._matching, self.mode, reference, query
        )
        return Match(reference, query, flow, confidence)

    def _match_group(self, references, queries):
        """Matches pairs of equal sizes in one pass."""
        answers = self._match_batch(np.stack(references), np.stack(queries))
        return [
            Match(*pair)
            for pair in zip(references, queries, *answers, strict=True)
        ]

    def _match_once(self, reference, query):
        """Returns the flow and the confidence of one pass."""
        flow, confidence = self._match_batch(reference[None], query[None])
        return flow[0], confidence[0]

    def _match_batch(self, reference, query):
        """Returns the flows and the confidences of one pass."""
        pair = _stretch(reference, self.size), _stretch(query, self.size)
        if self._gives_confidence:
            outputs = self._run(*pair)
            flow, confidence = outputs["flow"], outputs["confidence"]
        else:
            flow, backward_flow = self._both_directions(*pair)
            confidence = consistency.forward_backward_confidence(
                flow, backward_flow
            )
        if self.size is not None:
            size = reference.shape[1:3]
            flow = stretched_flow.unstretch_flow(
                flow, self.size, size, query.shape[1:3]
            )
            confidence = resize.bilinear_resize(confidence[..., None], size)
            confidence = confidence[..., 0]
        return tuple(keras.ops.convert_to_numpy(x) for x in (flow, confidence))

    def _both_directions(self, *images):
        """Returns the flows of a batch of pairs, there and back.

        Images of one size go through the network together.
        """
        number = len(images[0])
        if images[0].shape == images[1].shape:
            flow = self._run(
                np.concatenate(images), np.concatenate(images[::-1])
            )["flow"]
            return flow[:number], flow[number:]
        return tuple(
            self._run(*pair)["flow"] for pair in (images, images[::-1])
        )


def _group(pairs, batch_size):
    """Yields references and queries of successive pairs of equal sizes."""
    group = []
    for pair in pairs:
        images = tuple(
            pictures.to_image(image, name)
            for image, name in zip(pair, ("reference", "query"), strict=True)
        )
        is_other = group and [i.shape for i in images] != [
            i.shape for i in group[-1]
        ]
        if is_other or len(group) == batch_size:
            yield tuple(zip(*group, strict=True))
            group = []
        group.append(images)
    if group:
        yield tuple(zip(*group, strict=True))


def _compile(model, options):
    """Returns a function of two uint8 image batches, traced once."""
    network = functools.partial(model, training=False, **options)
    predict = functools.partial(_predict, network)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        images = tf.TensorSpec((None, None, None, 3), tf.uint8)
        return tf.function(predict, input_signature=[images, images])
    if keras.backend.backend() == "jax":
        return functools.partial(_predict, _jit(model, options))
    import torch

    return torch.no_grad()(predict)


def _jit(model, options):
    """Returns the network as a function that JAX compiles for each size."""
    import jax

    @jax.jit
    def run(variables, pair):
        outputs, _ = model.stateless_call(
            *variables, pair, training=False, **options
        )
        return outputs

    def network(pair):
        if not model.built:
            model(pair, training=False, **options)
        groups = model.trainable_variables, model.non_trainable_variables
        return run([[v.value for v in group] for group in groups], pair)

    return network


def _output_names(run, model):
    """Returns what the compiled network answers, without running it."""
    if keras.backend.backend() == "tensorflow":
        return run.get_concrete_function().structured_outputs.keys()
    image = keras.KerasTensor((1, 64, 64, 3))
    pair = {"reference": image, "query": image}
    return model.compute_output_spec(pair).keys()


def _compile_features(model):
    """Returns the network's features at 1/16 of images, as NumPy arrays."""
    function = functools.partial(coarse_features, model)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        images = tf.TensorSpec((None, None, None, 3), tf.uint8)
        function = tf.function(function, input_signature=[images])
    return lambda images: keras.ops.convert_to_numpy(function(images))


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


def _stretch(images, size):
    if size is None:
        return images
    return np.stack(
        [
            cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
            for image in images
        ]
    )


def _describe(images):
    if isinstance(images, (list, tuple)):
        return f"{len(images)} images"
    return "one image"
