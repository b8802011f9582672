"""Evaluation sets from memory, and methods that answer with one vector."""

import numpy as np

from gocor_tf.data.evaluation_sets.samples import make_sample
from gocor_tf.trainers.evaluation.estimate import Estimate

SIZE = (8, 12)
IMAGE = np.zeros((*SIZE, 3), np.uint8)


def constant_flow(x, y=0.0, size=SIZE):
    """Returns a dense flow of one vector."""
    return np.full((*size, 2), (x, y), np.float32)


def moves_by(x, y=0.0, confidence=None):
    """Returns a method that answers with one vector everywhere."""

    def method(reference, query):
        size = reference.shape[:2]
        sure = None if confidence is None else np.full(size, confidence)
        return Estimate(constant_flow(x, y, size), None, sure)

    return method


def sample(name="a", group="g", attributes=None, **truth):
    """Returns a sample of two black images of SIZE."""
    return make_sample(name, group, IMAGE, IMAGE, attributes, **truth)


class Pairs:
    """A list of samples as an evaluation set; a text is an error to raise."""

    def __init__(self, samples):
        self._samples = samples
        self.names = list(samples)

    def __len__(self):
        return len(self._samples)

    def __getitem__(self, index):
        found = self._samples[self.names[index]]
        if isinstance(found, str):
            raise ValueError(found)
        return found


def moving_pairs(**lengths):
    """Returns pairs that move to the right by so many px: name -> length.

    A text instead of a length is an error that reading the pair raises.
    """
    return Pairs(
        {
            name: length
            if isinstance(length, str)
            else sample(name, flow=constant_flow(length))
            for name, length in lengths.items()
        }
    )
