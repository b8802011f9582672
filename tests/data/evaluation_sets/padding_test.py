import numpy as np

from gocor_tf.data.evaluation_sets.padding import pad_to_common_size


def test_zeros_are_added_at_the_bottom_and_the_right():
    reference = np.full((2, 3, 3), 7, "uint8")
    query = np.full((4, 1, 3), 9, "uint8")
    expected = np.zeros((2, 4, 3, 3), "uint8")
    expected[0, :2] = 7
    expected[1, :, :1] = 9
    for padded, image in zip(
        pad_to_common_size(reference, query), expected, strict=True
    ):
        assert padded.dtype == "uint8"
        np.testing.assert_array_equal(padded, image)


def test_masks_are_padded_likewise():
    reference, query = pad_to_common_size(
        np.ones((1, 2), bool), np.ones((2, 1), bool)
    )
    assert reference.tolist() == [[True, True], [False, False]]
    assert query.tolist() == [[True, False], [True, False]]
