"""A network as a function of arrays, compiled once for all sizes."""

import functools

import cv2
import keras
import numpy as np

from gocor_tf.models import BaseNet
from gocor_tf.models.coarse_features import coarse_features
from gocor_tf.ops import consistency
from gocor_tf.trust import ConsistencyTrust, GivenTrust, MixtureTrust

# Sides of images up to which networks see all detail, in px: those that work
# at 256 x 256, and others.
_SMALL_SIDE, _LARGE_SIDE = 256, 1024
# Pixels of an image with which a process needs less than 3 GiB of memory: for
# networks that are light or work at 256 x 256, and for others; half of that if
# both directions go through together.
_LIGHT_PIXELS, _HEAVY_PIXELS = 2**21, 2**20
_COARSE_SIZE = (256, 256)
_MIXTURE = ("log_variance", "mixture_logits")
# What PDC-Net knows of the 256 x 256 images.
_COARSE_LEVEL = "_level_3"
_ANSWER = ("flow", "confidence", *_MIXTURE)
_COARSE_ANSWER = tuple(f"{name}{_COARSE_LEVEL}" for name in ("flow", *_MIXTURE))


class CompiledNetwork:
    """Matches batches of uint8 images, at any size.

    Args:
        model: network of the family.
        num_iterations: of GOCor's layers, see the network; None: its own.

    Attributes:
        trust: turns what the network says into confidences, see
            `gocor_tf.trust`.
        seen_side: sides of images up to which it sees all detail, in px.
        max_pixels: of an image for which a pass needs little memory.
    """

    def __init__(self, model, num_iterations=None):
        # A network of the caller's own need not have GOCor.
        options = (
            {} if num_iterations is None else {"num_iterations": num_iterations}
        )
        self._run = _compile(model, options)
        self._features = _compile_features(model)
        self.trust = _choose_trust(model, _output_names(model, self._run))
        self.seen_side = (
            _SMALL_SIDE if isinstance(model, BaseNet) else _LARGE_SIDE
        )
        is_light = self.seen_side == _SMALL_SIDE or is_compact(model)
        self.max_pixels = _LIGHT_PIXELS if is_light else _HEAVY_PIXELS
        if isinstance(self.trust, ConsistencyTrust):
            self.max_pixels //= 2

    def match(self, reference, query):
        """Matches a batch of pairs.

        Args:
            reference: `(batch, height, width, 3)` uint8.
            query: `(batch, query_height, query_width, 3)` uint8.

        Returns:
            The flow, `(batch, height, width, 2)` in px of the query, and what
            the network says about it, `(batch, height, width, channels)`, as
            NumPy arrays.
        """
        if isinstance(self.trust, ConsistencyTrust):
            flow, backward_flow = self._both_directions(reference, query)
            trust = consistency.forward_backward_confidence(flow, backward_flow)
            return _to_numpy(flow, trust[..., None])
        outputs = self._run(reference, query)
        if isinstance(self.trust, MixtureTrust):
            return _to_numpy(outputs["flow"], _join_mixture(outputs))
        return _to_numpy(outputs["flow"], outputs["confidence"][..., None])

    def glance(self, reference, query):
        """Does the same for one pair of 256 x 256, without fine detail."""
        if not isinstance(self.trust, MixtureTrust):
            return self.match(reference, query)
        outputs = self._run(reference, query)
        seen = _to_numpy(
            outputs["flow" + _COARSE_LEVEL],
            _join_mixture(outputs, _COARSE_LEVEL),
        )
        # A fraction of the time that `ops.resize` takes outside a graph.
        return tuple(cv2.resize(x[0], _COARSE_SIZE)[None] for x in seen)

    def coarse_features(self, images):
        """Returns the features at 1/16 of images, see `coarse_features`."""
        return keras.ops.convert_to_numpy(self._features(images))

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


def is_compact(model):
    """Returns whether a network has the compact pyramid: passes cost little."""
    return getattr(model, "backbone", None) == "compact"


def _choose_trust(model, names):
    if {*_MIXTURE} <= {*names}:
        return MixtureTrust(model.radius)
    return GivenTrust() if "confidence" in names else ConsistencyTrust()


def _join_mixture(outputs, level=""):
    parts = [outputs[name + level] for name in _MIXTURE]
    return keras.ops.concatenate(parts, axis=-1)


def _to_numpy(*tensors):
    return tuple(keras.ops.convert_to_numpy(tensor) for tensor in tensors)


def _compile(model, options):
    """Returns a function of two uint8 image batches, traced once.

    It returns what a matcher needs of a network's outputs, as a dict.
    """
    names = (*_ANSWER, *_COARSE_ANSWER)

    def predict(network, reference, query):
        outputs = network(
            {
                "reference": keras.ops.cast(reference, "float32"),
                "query": keras.ops.cast(query, "float32"),
            },
            training=False,
            **options,
        )
        return {name: outputs[name] for name in names if name in outputs}

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        images = tf.TensorSpec((None, None, None, 3), tf.uint8)
        return tf.function(
            functools.partial(predict, model), input_signature=[images, images]
        )
    if keras.backend.backend() == "jax":
        return _jit(model, predict)
    import torch

    return torch.no_grad()(functools.partial(predict, model))


def _jit(model, predict):
    """Returns the prediction as JAX compiles it for each size."""
    import jax

    @jax.jit
    def run(variables, *images):
        def network(pair, **options):
            return model.stateless_call(*variables, pair, **options)[0]

        return predict(network, *images)

    def predict_arrays(*images):
        if not model.built:
            predict(model, *images)
        groups = model.trainable_variables, model.non_trainable_variables
        return run([[v.value for v in group] for group in groups], *images)

    return predict_arrays


def _output_names(model, run):
    """Returns what the compiled network answers, without running it."""
    if keras.backend.backend() == "tensorflow":
        return run.get_concrete_function().structured_outputs.keys()
    image = keras.KerasTensor((1, 64, 64, 3))
    pair = {"reference": image, "query": image}
    return model.compute_output_spec(pair).keys()


def _compile_features(model):
    """Returns the network's features at 1/16 of images, compiled."""
    function = functools.partial(coarse_features, model)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        images = tf.TensorSpec((None, None, None, 3), tf.uint8)
        return tf.function(function, input_signature=[images])
    return function
