"""What a network says about its flow, and the confidences that follow.

A pass over a pair gives each pixel some numbers, its trust. Confidences are
computed from them only after a view's answer is brought back to the pair: how
probable an error of five pixels is depends on how large a pixel of the view is
in the query.
"""

import keras
import numpy as np

from gocor_tf.ops import mixture

_SMALLEST = 1e-3


class MixtureTrust:
    """PDC-Net's: log-variances and logits of a mixture, side by side.

    Attributes:
        min_confidence: of the matches that a homography is fitted to.
        threshold: largest error of an inlier, in px of an image with a long
            side of 256 px.
        sure: confidence that counts as sure.

    Args:
        radius: of the confidence, in px of the query.
    """

    # The published constants (spec models.md, 9.4).
    min_confidence = 0.05
    threshold = 0.5
    sure = 0.5

    def __init__(self, radius):
        self.radius = radius

    def confidence(self, trust, pixel=1.0, share=1.0):
        """Returns the probability that x and y err by less than the radius.

        Args:
            trust: `(height, width, 4)`.
            pixel: side of a pixel of the view, in px of the query.
            share: ignored.
        """
        del share
        return _probability(trust, self.radius / pixel)

    def sharpness(self, trust, pixel=1.0, share=1.0):
        """Returns the same for one pixel, to choose between sure matches."""
        del share
        return _probability(trust, 1 / pixel)

    def deviation(self, trust):
        """Returns the error's standard deviation, in px of the view."""
        log_variance, logits = np.split(trust, 2, axis=-1)
        variance = mixture.mixture_variance(log_variance, logits)
        return keras.ops.convert_to_numpy(keras.ops.sqrt(variance))


class ConsistencyTrust:
    """That of the way there and back: the confidence in the view's pixels.

    Attributes: see `MixtureTrust`.
    """

    min_confidence = 0.15
    threshold = 2.0
    sure = 0.3

    def confidence(self, trust, pixel=1.0, share=1.0):
        """Returns `1 / (1 + e)`, `e` in fractions of the reference.

        Args:
            trust: `(height, width, 1)`, of an `e` in fractions of the view.
            pixel: ignored.
            share: the view's size as a fraction of the reference's.
        """
        del pixel
        return trust[..., 0] / (trust[..., 0] + (1 - trust[..., 0]) * share)

    sharpness = confidence

    def deviation(self, trust):
        """Returns `e`, in px of the view."""
        error = 1 / np.maximum(trust[..., 0], _SMALLEST) - 1
        return error * max(trust.shape[:2]) / 256


class GivenTrust:
    """A network's own confidence, about which nothing else is known."""

    min_confidence = 0.05
    threshold = 0.5
    sure = 0.5

    def confidence(self, trust, pixel=1.0, share=1.0):
        """Returns it as it is."""
        del pixel, share
        return trust[..., 0]

    sharpness = confidence

    def deviation(self, trust):
        """Returns zeros: nothing is known."""
        return np.zeros(trust.shape[:2])


def _probability(trust, radius):
    log_variance, logits = np.split(trust, 2, axis=-1)
    probability = mixture.interval_probability(log_variance, logits, radius)
    return keras.ops.convert_to_numpy(probability)
