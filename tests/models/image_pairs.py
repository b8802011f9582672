"""Pairs of noise, as the networks take them."""

import numpy as np


def random_pair(reference_size=(40, 56), query_size=None, batch=1):
    """Returns a batch of pairs, the same each time; sizes are alike if one."""
    rng = np.random.default_rng(0)
    sizes = {"reference": reference_size, "query": query_size or reference_size}
    return {
        name: rng.uniform(0, 255, (batch, *size, 3)).astype("float32")
        for name, size in sizes.items()
    }
