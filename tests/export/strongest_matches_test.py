"""The strongest matches, against loops and against plain geometry."""

import numpy as np
import pytest

from gocor_tf.export.strongest_matches import strongest_matches


def find(flow, confidence, number, reference_size=None, query_size=None):
    size = [confidence.shape[1:]] * len(confidence)
    answer = strongest_matches(
        flow.astype(np.float32),
        confidence.astype(np.float32),
        np.array(reference_size or size, np.int32),
        np.array(query_size or size, np.int32),
        number,
    )
    return {name: value.numpy() for name, value in answer.items()}


def test_best_of_each_cell_surest_first():
    confidence = np.random.default_rng(0).uniform(0.1, 1, (1, 10, 15))
    # 150 pixels in cells of 5 x 5.
    answer = find(np.zeros((1, 10, 15, 2)), confidence, 6)
    expected = []
    for y in (0, 5):
        for x in (0, 5, 10):
            cell = confidence[0, y : y + 5, x : x + 5]
            row, column = np.unravel_index(cell.argmax(), cell.shape)
            expected.append((cell.max(), x + column, y + row))
    expected = np.array(sorted(expected, reverse=True))
    np.testing.assert_allclose(answer["confidence"][0], expected[:, 0])
    np.testing.assert_array_equal(answer["reference_xy"][0], expected[:, 1:])
    np.testing.assert_array_equal(answer["query_xy"][0], expected[:, 1:])


def test_cells_cover_sizes_that_they_do_not_divide():
    confidence = np.zeros((1, 11, 17))
    confidence[0, 10, 16] = 0.5
    answer = find(np.zeros((1, 11, 17, 2)), confidence, 4)
    np.testing.assert_array_equal(answer["reference_xy"][0, 0], [16, 10])
    np.testing.assert_array_equal(answer["confidence"][0], [0.5, 0, 0, 0])


def test_fewer_matches_than_asked_for_end_in_zeros():
    confidence = np.full((2, 8, 8), 0.25)
    answer = find(np.full((2, 8, 8, 2), 1.0), confidence, 100)
    assert answer["reference_xy"].shape == (2, 100, 2)
    # The last row and column match nothing inside the query.
    np.testing.assert_array_equal((answer["confidence"] > 0).sum(1), [49, 49])
    np.testing.assert_array_equal(answer["reference_xy"][:, 49:], 0)
    np.testing.assert_array_equal(answer["query_xy"][:, 49:], 0)


def test_matches_of_a_stretched_pair_are_in_original_pixels():
    confidence = np.zeros((1, 8, 8))
    confidence[0, 2, 4] = 1
    # A reference of 16 x 32 and a query of 24 x 80, seen at 8 x 8.
    flow = np.full((1, 8, 8, 2), (30.0, 3.0))
    answer = find(flow, confidence, 1, [(16, 32)], [(24, 80)])
    np.testing.assert_allclose(answer["reference_xy"][0, 0], [17.5, 4.5])
    np.testing.assert_allclose(answer["query_xy"][0, 0], [47.5, 7.5])


@pytest.mark.parametrize("shift", [(-5, 0), (0, 4), (9, 9)])
def test_what_ends_outside_the_query_does_not_count(shift):
    flow = np.broadcast_to(np.array(shift, float), (1, 12, 12, 2))
    answer = find(flow, np.ones((1, 12, 12)), 200)
    found = answer["confidence"][0] > 0
    assert found.sum() == np.prod(12 - np.abs(shift))
    ends = answer["query_xy"][0, found]
    assert ends.min() >= 0 and ends.max() <= 11
