import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.polygon_masks import fill_polygon


def test_a_rectangle_has_its_edges():
    mask = fill_polygon([(1, 2), (4, 2), (4, 3), (1, 3)], (5, 6))
    expected = np.zeros((5, 6), bool)
    expected[2:4, 1:5] = True
    np.testing.assert_array_equal(mask, expected)


def test_a_rectangle_between_pixel_centres_has_those_inside():
    corners = [(0.5, 1.5), (4.5, 1.5), (4.5, 3.5), (0.5, 3.5)]
    expected = np.zeros((5, 6), bool)
    expected[2:4, 1:5] = True
    np.testing.assert_array_equal(fill_polygon(corners, (5, 6)), expected)


def test_the_triangle_of_scikit_images_manual():
    # The example of skimage.draw.polygon: rows 1, 2, 8, columns 1, 7, 4. In
    # row 4, the left edge is at 1 + 3 * 3 / 7 = 2.3 and the right one at
    # 7 - 3 * 2 / 6 = 6, which is on the edge and belongs to it.
    mask = fill_polygon([(1, 1), (7, 2), (4, 8)], (10, 10))
    runs = {1: (1, 1), 2: (2, 7), 3: (2, 6), 4: (3, 6), 5: (3, 5)}
    runs |= {6: (4, 5), 7: (4, 4), 8: (4, 4)}
    expected = np.zeros((10, 10), bool)
    for row, (first, last) in runs.items():
        expected[row, first : last + 1] = True
    np.testing.assert_array_equal(mask, expected)


def test_the_number_of_pixels_of_scikit_images_own_test():
    # That of skimage.draw.polygon2mask: 57653 pixels.
    rows = [80, 111, 146, 234, 407, 300, 187, 45]
    columns = [465, 438, 499, 380, 450, 287, 210, 167]
    vertices = np.stack([columns, rows], axis=-1)
    assert fill_polygon(vertices, (512, 512)).sum() == 57653


def test_what_is_enclosed_twice_is_outside():
    # Two squares, one within the other, joined by the edge from (0, 0).
    outer = [(0, 0), (6, 0), (6, 6), (0, 6), (0, 0)]
    inner = [(2, 2), (4, 2), (4, 4), (2, 4), (2, 2)]
    mask = fill_polygon([*outer, *inner], (7, 7))
    assert mask[1, 3] and not mask[3, 3]


def test_the_order_of_the_vertices_does_not_matter():
    vertices = [(1.3, 0.2), (6, 3), (2.7, 5.1), (3, 3)]
    np.testing.assert_array_equal(
        fill_polygon(vertices, (7, 7)), fill_polygon(vertices[::-1], (7, 7))
    )


def test_vertices_may_lie_outside():
    vertices = [(-5, -5), (20, -5), (20, 20), (-5, 20)]
    assert fill_polygon(vertices, (3, 4)).all()


@pytest.mark.parametrize("vertices", [[(0, 0), (1, 1)], [1, 2, 3], [(1,)] * 3])
def test_vertices_are_checked(vertices):
    with pytest.raises(ValueError, match="`vertices` must have shape"):
        fill_polygon(vertices, (3, 3))
