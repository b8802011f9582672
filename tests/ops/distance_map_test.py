import itertools

import numpy as np
import pytest
from keras import ops

from gocor_tf.ops import distance_map


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (0.0, {0: 1.0}),
        (1.0, {2: 1.0}),
        (2**0.5, {2: 0.1716, 3: 0.8284}),
        (8**0.5, {5: 0.3431, 6: 0.6569}),
        (4.2, {8: 0.6, 9: 0.4}),
        (4.5, {9: 1.0}),
        (100.0, {9: 1.0}),
    ],
)
def test_bins_of_a_distance(distance, expected):
    bins = ops.convert_to_numpy(
        distance_map.distance_bins(np.array([distance]))
    )
    values = np.zeros((1, 10))
    for index, value in expected.items():
        values[0, index] = value
    np.testing.assert_allclose(bins, values, atol=1e-4)


def test_bins_sum_to_one():
    distance = np.linspace(0, 20, 50).reshape(5, 10)
    bins = distance_map.distance_bins(distance, 6, bin_displacement=1.5)
    assert tuple(bins.shape) == (5, 10, 6)
    np.testing.assert_allclose(ops.convert_to_numpy(ops.sum(bins, -1)), 1)


def test_window_distances_are_row_major():
    distances = ops.convert_to_numpy(distance_map.window_distances(4))
    assert distances[40] == 0  # no displacement
    assert distances[41] == 1  # dx = 1
    assert distances[49] == 1  # dy = 1
    np.testing.assert_allclose(distances[0], 32**0.5, rtol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 4), (3, 2), (4, 5)])
def test_unfolded_offset_distances_are_distances_between_cells(height, width):
    values = distance_map.offset_distances(height, width)
    matrix = ops.convert_to_numpy(
        distance_map.unfold_offsets(values, height, width)
    )
    cells = list(itertools.product(range(height), range(width)))
    expected = [[np.hypot(y - v, x - u) for v, u in cells] for y, x in cells]
    np.testing.assert_allclose(matrix, expected, rtol=1e-6)


def test_unfolding_tells_an_offset_from_its_opposite():
    values = np.arange(4 * 6, dtype="float32").reshape(4, 6)
    matrix = ops.convert_to_numpy(
        distance_map.unfold_offsets(ops.convert_to_tensor(values), 2, 3)
    )
    cells = list(itertools.product(range(2), range(3)))
    expected = [[values[v - y, u - x] for v, u in cells] for y, x in cells]
    np.testing.assert_array_equal(matrix, expected)
