import numpy as np
import pytest

from gocor_tf import passes, view_search, views
from tests import coloured_scene

SIZE = (64, 96)
PAIR = np.zeros((*SIZE, 3), np.uint8), np.zeros((*SIZE, 3), np.uint8)


def _shift(x):
    return np.array([[1, 0, x], [0, 1, 0], [0, 0, 1.0]])


def _matching(confidence):
    """A network that sees no motion, and is as sure as it is told to be."""
    confidences = iter(confidence)

    def run(reference, query):
        del query
        size = reference.shape[:2]
        return np.zeros((*size, 2)), np.full((*size, 1), next(confidences))

    trust = coloured_scene.Trust()
    return passes.Matching(run, run, trust, None, seen_side=256)


def test_rounds_end_without_sure_matches():
    matching = _matching([0.6, 0.9, 0.01])
    glances = list(view_search.rounds(matching, _shift(10), PAIR, 5))
    assert [share for share, _ in glances] == [1, 1, 0]
    assert view_search.best(glances)[1] is glances[0][1]
    # No motion in the view: the homography stays.
    for _, seen in glances:
        np.testing.assert_allclose(
            seen.view.homography, _shift(10), rtol=0, atol=1e-6
        )


def test_rounds_end_where_nothing_is_shared():
    assert not list(view_search.rounds(None, _shift(200), PAIR, 5))
    assert not list(view_search.rounds(None, None, PAIR, 5))
    box = slice(0, 64), slice(90, 96)
    assert not list(view_search.rounds(None, _shift(10), PAIR, 5, box))


def test_a_search_ends_with_a_good_view():
    matching = _matching([0.3, 0.2, 0.9, 0.8])
    starts = [_shift(10), _shift(20), _shift(30)]
    glances = list(view_search.search(matching, starts, PAIR, 2))
    assert [share for share, _ in glances] == [0, 0, 1, 1]
    share, seen = view_search.best(glances)
    assert share == 1
    np.testing.assert_allclose(seen.view.homography, starts[1], atol=1e-6)


@pytest.mark.parametrize("number", [1, 2])
def test_the_number_of_rounds_is_limited(number):
    matching = _matching([0.9] * 3)
    glances = list(view_search.rounds(matching, _shift(5), PAIR, number))
    assert len(glances) == number


def test_of_no_glances_none_is_best():
    assert view_search.best([]) == (0, None)
    assert views.overlap_view(_shift(200), SIZE, SIZE) is None
