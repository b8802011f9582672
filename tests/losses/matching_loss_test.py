import keras
import numpy as np
import pytest

from gocor_tf.losses.matching_loss import matching_loss

CELLS = 4
SIZE = 32


def _scores(row, column):
    """Returns sure scores: every reference cell matches one query cell."""
    scores = np.full((1, CELLS, CELLS, CELLS * CELLS), -100, "float32")
    scores[..., row * CELLS + column] = 100
    return scores


def _flow_to(x, y):
    grid = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE)), axis=-1)
    return (np.array([x, y]) - grid)[None].astype("float32")


def test_the_true_cell_costs_nothing():
    # The centre of cell (row 1, column 2), in pixels: (p + 0.5) * 8 - 0.5.
    flow = _flow_to(2.5 * 8 - 0.5, 1.5 * 8 - 0.5)
    assert float(matching_loss(_scores(1, 2), flow)) == pytest.approx(0)
    assert float(matching_loss(_scores(2, 1), flow)) > 100


def test_equal_scores_cost_the_logarithm_of_the_cells():
    scores = np.zeros((1, CELLS, CELLS, CELLS * CELLS), "float32")
    loss = matching_loss(scores, _flow_to(3.0, 20.0))
    assert float(loss) == pytest.approx(np.log(CELLS**2), rel=1e-6)


def test_a_match_between_cells_is_shared_by_them():
    flow = _flow_to(2.0 * 8 - 0.5, 1.5 * 8 - 0.5)
    scores = np.full((1, CELLS, CELLS, CELLS * CELLS), -100, "float32")
    scores[..., [CELLS + 1, CELLS + 2]] = 0
    loss = matching_loss(scores, flow)
    assert float(loss) == pytest.approx(np.log(2), rel=1e-6)


def test_only_valid_cells_count():
    flow = _flow_to(19.5, 11.5)
    scores = _scores(1, 2)
    scores[0, 3] = 0
    valid = np.ones((1, SIZE, SIZE, 1), "float32")
    assert float(matching_loss(scores, flow, valid)) > 0.1
    valid[0, 24:] = 0
    assert float(matching_loss(scores, flow, valid)) == pytest.approx(0)


def test_double_precision_is_kept():
    scores = np.zeros((1, 2, 2, 4), "float64")
    flow = np.zeros((1, 4, 4, 2), "float32")
    valid = np.ones((1, 4, 4, 1), "float32")
    loss = matching_loss(scores, flow, valid)
    assert keras.backend.standardize_dtype(loss.dtype) == "float64"
    # All cells alike: the logarithm of their number.
    np.testing.assert_allclose(loss, np.log(4), rtol=1e-12)
