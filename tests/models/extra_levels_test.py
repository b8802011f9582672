import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from gocor_tf.models import extra_levels


def refine(size, side, grid=(32, 32)):
    """Refines zeros; returns the flow and what each level was given."""
    calls = []

    def correct(features, flow, stride):
        calls.append((features[0].shape[1:3], int(stride)))
        np.testing.assert_array_equal(features[0].shape, features[1].shape)
        return flow + 1.0

    features = [np.ones((1, size[0] // 8, size[1] // 8, 3), "float32")] * 2
    flow = extra_levels.refine(np.zeros((1, *grid, 2)), features, side, correct)
    return flow, calls


@pytest.mark.parametrize(
    ("side", "number"),
    [
        (256, 0),
        (1080, 0),
        (1088, 1),
        (2168, 1),
        (2176, 2),
        (4344, 2),
        (4352, 3),
    ],
)
def test_the_side_says_how_many_levels(side, number):
    """Spec models.md, appendix C.1."""
    flow, calls = refine((256, 512), side)
    assert len(calls) == number
    np.testing.assert_array_equal(flow, np.full(flow.shape, number))
    assert refine((256, 512), tf.constant(side))[1] == calls


def test_levels_halve_the_grid_ever_less():
    flow, calls = refine((264, 2176), 2176)
    # 264 pixels are 33 cells of 8.
    assert calls == [((8, 68), 32), ((16, 136), 16)]
    assert flow.shape == (1, 16, 136, 2)


def test_without_levels_the_flow_stays_as_it_is():
    flow, _ = refine((256, 256), 256, grid=(5, 7))
    assert flow.shape == (1, 5, 7, 2)


@pytest.mark.parametrize(("side", "expected"), [("width", 20), ("longer", 30)])
def test_side_length(side, expected):
    assert extra_levels.side_length((30, 20), side) == expected
    unknown = ops.convert_to_tensor(30), ops.convert_to_tensor(20)
    assert int(extra_levels.side_length(unknown, side)) == expected
