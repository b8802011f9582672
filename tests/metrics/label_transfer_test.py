import math

import numpy as np
import pytest

from gocor_tf.metrics import averages, label_transfer


def _square(left, size=(4, 4)):
    mask = np.zeros(size, bool)
    mask[:2, left : left + 2] = True
    return mask


def _shift(x, size=(4, 4)):
    return np.broadcast_to([float(x), 0.0], (*size, 2))


def test_the_true_flow_carries_the_whole_object():
    # The object is one column further right in the reference.
    scores = label_transfer.score_label_transfer(
        _square(1), _square(0), _shift(-1)
    )
    assert scores == {"iou": 100, "label_transfer_accuracy": 100}


def test_a_flow_of_zero_carries_half_of_it():
    # 2 of 6 object pixels agree, and all but 4 of 16 pixels.
    scores = label_transfer.score_label_transfer(
        _square(1), _square(0), _shift(0)
    )
    assert scores["iou"] == pytest.approx(100 / 3)
    assert scores["label_transfer_accuracy"] == 75


@pytest.mark.parametrize(
    ("shift", "columns"), [(0.4, [1, 2]), (0.5, [1]), (0.6, [0, 1])]
)
def test_more_than_half_of_a_sample_makes_an_object(shift, columns):
    # The object fills columns 1 and 2. Sample 0 holds `shift` of column 1,
    # sample 1 is all object, sample 2 holds `1 - shift` of column 2.
    expected = np.zeros((4, 4), bool)
    expected[:2, columns] = True
    scores = label_transfer.score_label_transfer(
        expected, _square(1), _shift(shift)
    )
    assert scores["iou"] == 100


def test_outside_the_query_is_no_object_and_sizes_may_differ():
    # The query is all object, but has 2 x 2 of the reference's 4 x 4 pixels.
    scores = label_transfer.score_label_transfer(
        _square(0), np.ones((2, 2)), _shift(0)
    )
    assert scores == {"iou": 100, "label_transfer_accuracy": 100}


def test_two_empty_masks_have_no_iou_and_are_skipped():
    nothing = np.zeros((4, 4))
    scores = label_transfer.score_label_transfer(nothing, nothing, _shift(0))
    assert math.isnan(scores["iou"])
    assert scores["label_transfer_accuracy"] == 100
    average = averages.MeanOverImages(["iou"])
    average.update(scores)
    average.update({"iou": 40.0})
    assert average.result() == {"iou": 40.0}


@pytest.mark.parametrize("mask", [np.ones((4, 4, 1)), np.ones((0, 4))])
@pytest.mark.parametrize("name", ["reference_mask", "query_mask"])
def test_masks_are_checked(name, mask):
    masks = {"reference_mask": _square(0), "query_mask": _square(0)}
    with pytest.raises(ValueError, match=f"`{name}` must have shape"):
        label_transfer.score_label_transfer(
            **{**masks, name: mask}, flow=_shift(0)
        )


def test_the_flow_is_checked():
    with pytest.raises(ValueError, match="`flow` must have shape"):
        label_transfer.score_label_transfer(
            _square(0), _square(0), _shift(0, (4, 5))
        )
    with pytest.raises(ValueError, match="`flow` must be finite numbers"):
        label_transfer.score_label_transfer(
            _square(0), _square(0), _shift(np.nan)
        )
