"""Geometry between stretched and original pictures."""

import numpy as np

from gocor_tf.export import original_pixels
from gocor_tf.ops import stretched_flow


def test_positions_are_centres_of_what_cells_cover():
    cells = np.array([[0, 0], [3, 1]], np.float32)
    positions = original_pixels.positions(cells, (2, 4), np.array([6, 8]))
    np.testing.assert_allclose(positions, [[0.5, 1], [6.5, 4]])


def test_equal_sizes_change_nothing():
    flow = np.random.default_rng(0).normal(size=(1, 5, 7, 2)).astype("float32")
    size = np.array([[5, 7]])
    np.testing.assert_allclose(
        original_pixels.flow_between(flow, size, size), flow, atol=1e-5
    )


def test_flow_is_that_of_the_library_where_grid_and_reference_agree():
    flow = np.random.default_rng(0).normal(size=(2, 6, 8, 2)).astype("float32")
    query_size = np.array([[9, 20], [30, 4]])
    found = original_pixels.flow_between(
        flow, np.array([[6, 8], [6, 8]]), query_size
    )
    for index, size in enumerate(query_size):
        expected = stretched_flow.unstretch_flow(
            flow[index : index + 1], (6, 8), (6, 8), tuple(size)
        )
        np.testing.assert_allclose(found[index], expected[0], atol=1e-5)
