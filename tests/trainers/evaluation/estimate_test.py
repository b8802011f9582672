import numpy as np
import pytest

from gocor_tf.trainers.evaluation.estimate import Estimate, published_matches
from tests.trainers.evaluation.fake_pairs import constant_flow

SIZE = (8, 12)
# Centres of blocks of 4 x 4 pixels.
CENTRES = [[x, y] for y in (1.5, 5.5) for x in (1.5, 5.5, 9.5)]


def test_a_match_for_every_fourth_pixel():
    points, matches = published_matches(Estimate(constant_flow(1, -1)), SIZE)
    np.testing.assert_allclose(points, CENTRES)
    np.testing.assert_allclose(matches, np.add(CENTRES, (1, -1)))


def test_matches_outside_the_query_are_left_out():
    # 9.5 + 2 is beyond the last pixel, 11; rows 1.5 and 5.5 stay inside.
    points, _ = published_matches(Estimate(constant_flow(2)), SIZE)
    assert sorted(set(points[:, 0])) == [1.5, 5.5]
    # Of a query of 6 x 12, row 5.5 is outside.
    points, _ = published_matches(Estimate(constant_flow(0)), (6, 12))
    assert set(points[:, 1]) == {1.5}


def test_unsure_matches_are_left_out():
    confidence = np.full(SIZE, 0.09)
    confidence[:4, :4] = 0.11
    estimate = Estimate(constant_flow(0), None, confidence)
    points, _ = published_matches(estimate, SIZE)
    np.testing.assert_allclose(points, [[1.5, 1.5]])


@pytest.mark.parametrize("size", [(1, 1), (3, 9), (5, 7)])
def test_small_and_odd_sizes(size):
    # 9 pixels in 2 blocks of 4.5: the centre of the first is at 1.75.
    estimate = Estimate(constant_flow(0, size=size))
    points, matches = published_matches(estimate, size)
    assert len(points) == max(1, size[0] // 4) * max(1, size[1] // 4)
    np.testing.assert_allclose(points, matches)
    assert points[0, 0] == (size[1] / max(1, size[1] // 4) - 1) / 2
