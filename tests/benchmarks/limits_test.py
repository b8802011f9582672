"""Steps from easy to hard: what moves where, and how it is scored."""

import numpy as np
import pytest

from benchmarks import limits
from gocor_tf import views
from gocor_tf.match import Match


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("zoom", 2, (639, 239.5)),
        ("turn, degrees", 90, (319.5, 399.25)),
        # Half as wide, and 1 + sin(60) / 4 times as far away.
        ("tilt, degrees", 60, (319.5 + 79.875 / 1.2161647, 239.5)),
        ("blur, sigma in px", 4, (479.25, 239.5)),
    ],
)
def test_homographies_keep_the_centre(kind, value, expected):
    matrix = limits.homography(kind, value)
    points = views.map_points(matrix, [(319.5, 239.5), (479.25, 239.5)])
    np.testing.assert_allclose(points[0], (319.5, 239.5), atol=1e-9)
    np.testing.assert_allclose(points[1], expected, atol=0.05)


def test_only_pixels_in_view_count():
    truth = limits.homography("zoom", 2)
    grid = views.pixel_grid(limits.SIZE)
    flow = views.map_points(truth, grid) - grid
    flow[:, :320] += 6
    confidence = np.zeros(limits.SIZE)
    confidence[:, 320:400] = 1
    found = limits.score(flow, confidence, truth)
    # A quarter of the reference is in view, from x = 160 to 480.
    assert found.within == pytest.approx(50, abs=0.5)
    assert found.sure == pytest.approx(25, abs=0.5)
    assert found.right == 100


def test_pictures_of_what_failed():
    image = np.full((*limits.SIZE, 3), 100, np.uint8)
    flow = np.zeros((*limits.SIZE, 2), np.float32)
    match = Match(image, image, flow, np.zeros(limits.SIZE, np.float32))
    good, bad = limits.Score(90, 0, np.nan), limits.Score(40, 0, np.nan)
    results = {
        "zoom": [(1, good, match), (2, bad, match), (3, bad, match)],
        "turn, degrees": [(0, good, match), (15, good, match)],
    }
    assert limits.draw_scores(results).startswith(b"\x89PNG")
    page = limits.draw_failures(results)
    assert page.shape[1] == 1200 and page.dtype == np.uint8
