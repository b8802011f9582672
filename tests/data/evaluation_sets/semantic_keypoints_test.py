import numpy as np
import pytest

from gocor_tf.data.evaluation_sets import semantic_keypoints


def _create(reference_points, query_points):
    return semantic_keypoints.make_keypoint_sample(
        "a",
        "test",
        (np.zeros((20, 30, 3), "uint8"), np.zeros((40, 10, 3), "uint8")),
        [np.array(p, "float64") for p in (reference_points, query_points)],
        extent=40.0,
        attributes={"category": "cat"},
    )


def test_the_flow_is_unrounded_and_the_points_are_rounded():
    sample = _create([(3.6, 7.2)], [(5.0, 9.9)])
    np.testing.assert_array_equal(sample["points"], [[4, 7]])
    # (5 - 3.6, 9.9 - 7.2)
    np.testing.assert_allclose(sample["flow"], [[1.4, 2.7]])
    assert sample["flow"].dtype == sample["points"].dtype == "float64"
    assert sample["extent"] == 40 and sample["group"] == "test"
    assert sample["attributes"] == {"category": "cat"}


def test_images_are_padded_to_a_common_size():
    sample = _create([(1, 1)], [(1, 1)])
    assert sample["reference"].shape == sample["query"].shape == (40, 30, 3)


def test_points_are_clamped_into_the_image_before_padding():
    # The reference has 30 columns and 20 rows; padded, it has 40 rows.
    sample = _create([(-3, 25), (30, 19.5)], [(0, 0), (1, 1)])
    np.testing.assert_array_equal(sample["points"], [[0, 19], [29, 19]])
    np.testing.assert_array_equal(sample["flow"], [[3, -25], [-29, -18.5]])


def test_halves_are_rounded_to_even():
    points = semantic_keypoints.round_to_pixels(np.array([[2.5, 3.5]]), (9, 9))
    np.testing.assert_array_equal(points, [[2, 4]])


def test_the_last_keypoint_of_a_pixel_is_kept():
    sample = _create([(5.1, 5.0), (9, 2), (5.4, 5.2)], [(1, 1), (2, 2), (3, 3)])
    np.testing.assert_array_equal(sample["points"], [[9, 2], [5, 5]])
    np.testing.assert_allclose(sample["flow"], [[-7, 0], [-2.4, -2.2]])


@pytest.mark.parametrize(
    ("reference_points", "query_points", "message"),
    [
        ([(1, 2)], [(1, 2), (3, 4)], "Received: 1 of the reference, 2 of the"),
        ([(1, np.nan)], [(1, 2)], "keypoints must be finite"),
        ([(1, 2)], [(np.inf, 2)], "keypoints must be finite"),
        (np.zeros((0, 2)), np.zeros((0, 2)), "`points` must not be empty"),
    ],
)
def test_keypoints_are_checked(reference_points, query_points, message):
    with pytest.raises(ValueError, match=message):
        _create(reference_points, query_points)
