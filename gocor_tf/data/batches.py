"""Batches of pairs, from any source of pairs."""

import numpy as np


def make_batch(source, numbers):
    """Prepares some pairs on the host.

    Args:
        source: `SyntheticPairs` or another source, whose `pair(number)`
            returns a dict of NumPy arrays of fixed shapes.
        numbers: of the pairs, in the order wanted.

    Returns:
        A dict of arrays, stacked on axis 0, for the source's `render`.
    """
    pairs = [source.pair(int(number)) for number in numbers]
    return {name: np.stack([pair[name] for pair in pairs]) for name in pairs[0]}
