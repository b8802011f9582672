"""The matchers under evaluation: networks, OpenCV's, and the caller's own."""

import importlib
import math
import os
import sys

import numpy as np
from absl import app

from gocor_tf.matcher import Matcher

from .. import network_flags
from . import baselines
from .estimate import Estimate


def create(arguments):
    """Returns all methods of a run.

    Args:
        arguments: the flags `preset`, `baseline`, and those of
            `create_networks`.

    Returns:
        Dict, name of the preset or the baseline -> function of two uint8 RGB
        images, reference first, that returns an `Estimate`.

    Raises:
        UsageError: if there is none, one is listed twice, or one does not
            exist.
    """
    names = [*arguments.preset, *arguments.baseline]
    if not names:
        raise app.UsageError("`--preset` or `--baseline` must name a matcher")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise app.UsageError(
            "`--preset` and `--baseline` must name each matcher once. "
            f"Received twice: {', '.join(twice)}"
        )
    found = {name: find_baseline(name) for name in arguments.baseline}
    return create_networks(arguments) | found


def create_networks(arguments):
    """Returns a method for each network.

    Args:
        arguments: the flags `preset`, `weights`, `mode`, `num_iterations`,
            `batch_size`, `max_pixels`.

    Returns:
        Dict, name of the preset -> function of two uint8 RGB images,
        reference first, that returns an `Estimate`.

    Raises:
        UsageError: if there are not as many weights as presets, a preset does
            not exist or needs weights, or batches are not possible.
    """
    weights = arguments.weights or [None] * len(arguments.preset)
    if len(weights) != len(arguments.preset):
        raise app.UsageError(
            "`--weights` must have an entry for each of --preset. "
            f"Received: {len(weights)} and {len(arguments.preset)}"
        )
    if arguments.batch_size > 1 and arguments.mode != "direct":
        raise app.UsageError(
            "`--batch_size` above 1 needs --mode=direct. "
            f"Received: --batch_size={arguments.batch_size}"
        )
    iterations = read_iterations(arguments.num_iterations)
    return {
        preset: NetworkMethod(
            Matcher(
                network_flags.load_model(preset, file),
                mode=arguments.mode,
                num_iterations=iterations,
                batch_size=arguments.batch_size,
                max_pixels=arguments.max_pixels or math.inf,
            )
        )
        for preset, file in zip(arguments.preset, weights, strict=True)
    }


def read_iterations(values):
    """Returns the iterations of GOCor's layers.

    Args:
        values: of `--num_iterations`: texts, none, one, or global and local.

    Raises:
        UsageError: if they are no such numbers.
    """
    if not all(value.isdecimal() for value in values) or len(values) > 2:
        raise app.UsageError(
            "`--num_iterations` must be N or GLOBAL,LOCAL, numbers >= 0. "
            f"Received: --num_iterations={','.join(values)}"
        )
    if len(values) == 2:
        return {"global": int(values[0]), "local": int(values[1])}
    return int(values[0]) if values else None


def find_baseline(name):
    """Returns a matcher to compare with.

    Args:
        name: one of `baselines.BASELINES`, or `MODULE:FUNCTION`: a function
            of two uint8 RGB images, reference first, that returns a flow
            `(height, width, 2)` in px, or a tuple of it and a confidence
            `(height, width)` in [0, 1]. The module is installed, or lies in
            the current folder.

    Returns:
        Function of two images that returns an `Estimate`. It raises a
        ValueError if the caller's function fails or returns something else.

    Raises:
        UsageError: if there is no such matcher.
    """
    if name in baselines.BASELINES:
        return baselines.BASELINES[name]
    module, separator, function = name.partition(":")
    if not separator:
        raise app.UsageError(
            f"`--baseline` must be of {', '.join(baselines.BASELINES)}, or "
            f"MODULE:FUNCTION. Received: --baseline={name}"
        )
    # `python -m` looks there, an installed command does not.
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        found = getattr(importlib.import_module(module), function)
    except Exception as error:  # The module is code: it can raise anything.
        raise app.UsageError(
            f"`--baseline={name}` cannot be imported: {error}"
        ) from error
    return lambda *images: _to_estimate(_call(found, images), images)


class NetworkMethod:
    """A matcher as a method: a function of two images.

    Args:
        matcher: `Matcher`.
    """

    def __init__(self, matcher):
        self._matcher = matcher

    def __call__(self, reference, query):
        """Returns the `Estimate` of a pair."""
        return _of_match(self._matcher(reference, query))

    def match_all(self, references, queries):
        """Returns the `Estimate`s of pairs, those of equal sizes together."""
        return [_of_match(m) for m in self._matcher(references, queries)]


def _of_match(match):
    return Estimate(
        match.flow,
        lambda: match.keypoints(max_number=None)[:2],
        # Interpolation can leave it by a rounding error.
        np.clip(match.confidence, 0, 1),
    )


def _call(function, images):
    """Returns flow and confidence, or None, as arrays."""
    try:
        answer = function(*images)
        if not isinstance(answer, tuple):
            answer = answer, None
        flow, confidence = answer
        if confidence is not None:
            confidence = np.asarray(confidence, np.float32)
        return np.asarray(flow, np.float32), confidence
    except Exception as error:  # The caller's code can raise anything.
        raise ValueError(f"the baseline failed: {error!r}") from error


def _to_estimate(answer, images):
    flow, confidence = answer
    size = images[0].shape[:2]
    if flow.shape != (*size, 2):
        raise ValueError(
            f"the baseline's flow must have shape {(*size, 2)}. "
            f"Received: {flow.shape}"
        )
    if confidence is not None and confidence.shape != size:
        raise ValueError(
            f"the baseline's confidence must have shape {size}. "
            f"Received: {confidence.shape}"
        )
    return Estimate(flow, None, confidence)
