import numpy as np
import pytest

from gocor_tf import views, working_size
from gocor_tf.working_size import Stretch

REFERENCE = np.zeros((40, 60, 3), np.uint8)
QUERY = np.zeros((90, 80, 3), np.uint8)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((10, 10), (10, 10)),
        ((20, 20), (10, 10)),
        ((20, 80), (5, 20)),
        ((1, 900), (1, 100)),
        ((900, 1), (100, 1)),
    ],
)
def test_a_size_is_shrunk_to_its_pixels(size, expected):
    assert working_size.fit(size, 100) == expected


def test_images_that_fit_stay_as_they_are():
    stretch = working_size.shrink_to(5000, REFERENCE, QUERY)
    shown = stretch.show(REFERENCE, QUERY)
    assert shown[0] is REFERENCE
    assert shown[1].shape == (75, 66, 3)
    assert stretch.seen_sizes == ((40, 60), (75, 66))


def test_one_size_for_both():
    stretch = working_size.stretch_to((20, 30), REFERENCE, QUERY)
    assert stretch.seen_sizes == ((20, 30), (20, 30))
    assert np.isclose(stretch.pixel, np.sqrt(90 * 80 / 600))
    unchanged = working_size.stretch_to(None, REFERENCE, QUERY)
    assert unchanged.seen_sizes == unchanged.sizes


def test_flows_and_homographies_come_back_alike():
    stretch = Stretch(((40, 60), (90, 80)), ((20, 20), (30, 16)))
    homography = np.array([[0.6, 0.1, 2], [-0.1, 1.2, 1], [0, 0, 1]])
    grid = views.pixel_grid((20, 20))
    flow = (views.map_points(homography, grid) - grid).astype(np.float32)
    expected = views.map_points(
        stretch.bring_back_homography(homography), views.pixel_grid((40, 60))
    )
    found = views.pixel_grid((40, 60)) + stretch.bring_back_flow(flow)
    # At the border, flows are continued without a slope.
    inner = np.s_[2:-2, 3:-3]
    np.testing.assert_allclose(found[inner], expected[inner], atol=1e-3)


def test_boxes_are_seen_whole():
    stretch = Stretch(((40, 60), (90, 80)), ((13, 20), (30, 16)))
    assert stretch.box((slice(10, 20), slice(1, 59))) == (
        slice(3, 7),
        slice(0, 20),
    )
