"""PyTorch's ways must compute what ours compute."""

import numpy as np
import pytest

from benchmarks import torch_peers
from gocor_tf.ops import correlation
from gocor_tf.ops.warp import warp

torch = pytest.importorskip("torch")


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("f4")


def channels_first(array):
    return torch.tensor(array).permute(0, 3, 1, 2)


def test_local_correlation():
    inputs = random(1, 9, 7, 4), random(1, 9, 7, 4, seed=1)
    found = torch_peers.local_correlation(
        *map(channels_first, inputs), radius=2
    )
    np.testing.assert_allclose(
        found.permute(0, 2, 3, 1),
        correlation.local_correlation(*inputs, radius=2),
        atol=1e-6,
    )


def test_warp():
    inputs = random(1, 9, 7, 4), 3 * random(1, 9, 7, 2, seed=1)
    found = torch_peers.warp(*map(channels_first, inputs))
    np.testing.assert_allclose(
        found.permute(0, 2, 3, 1), warp(*inputs), atol=1e-5
    )


def test_both_modes_run():
    inputs = [random(1, 9, 7, 4), random(1, 9, 7, 2)]
    modes = torch_peers.modes(torch_peers.warp, inputs)
    assert modes["forward"]() == modes["gradient"]() == ()
