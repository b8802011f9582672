import numpy as np
import pytest

from gocor_tf.metrics import cyclic_consistency


def _constant(x, y, size=(4, 6)):
    return np.broadcast_to([float(x), float(y)], (*size, 2))


def test_error_is_where_the_way_back_ends_in_pixels():
    # (2, 0) there and (-5, 4) back: (-3, 4) off, 5 px. From columns 4 and 5
    # the match is out of view, so the way back is 0: 2 px.
    error = cyclic_consistency.cyclic_consistency_error(
        _constant(2, 0), _constant(-5, 4)
    )
    expected = np.full((4, 6), 5.0)
    expected[:, 4:] = 2
    np.testing.assert_allclose(error, expected, rtol=1e-6)


def test_sizes_may_differ():
    # Query position 2 p, and half of it back.
    y, x = np.mgrid[:4, :6]
    flow = np.stack([x, y], axis=-1)
    y, x = np.mgrid[:8, :12]
    error = cyclic_consistency.cyclic_consistency_error(
        flow, -np.stack([x, y], axis=-1) / 2
    )
    np.testing.assert_allclose(error, np.zeros((4, 6)), atol=1e-6)


@pytest.mark.parametrize("name", ["flow", "backward_flow"])
def test_shapes_are_checked(name):
    flows = dict.fromkeys(["flow", "backward_flow"], _constant(0, 0))
    flows[name] = np.zeros((1, 4, 6, 2))
    with pytest.raises(ValueError, match=f"`{name}` must have shape"):
        cyclic_consistency.cyclic_consistency_error(**flows)
