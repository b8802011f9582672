import json
import math

import numpy as np
import pytest

from gocor_tf.metrics import averages, flow_scores

NAMES = ("aepe", "pck1", "fl")
# One pixel that errs by 4 px, three that are right, and a pair without truth.
SMALL = flow_scores.flow_record([4.0], [1.0], (1,))
LARGE = flow_scores.flow_record([0.0] * 3, [1.0] * 3, (1,))
EMPTY = flow_scores.flow_record([], [], (1,))
RECORDS = [json.loads(json.dumps(r)) for r in (SMALL, LARGE, EMPTY)]


def _average(average, records):
    for record in records:
        average.update(record)
    return average.result()


def test_images_count_alike_whatever_their_size():
    result = _average(averages.MeanOverImages(NAMES), RECORDS)
    assert result == {"aepe": 2.0, "pck1": 50.0, "fl": 50.0}


def test_pairs_that_leave_a_score_undefined_are_skipped_and_counted():
    average = averages.MeanOverImages(["aepe", "iou"])
    scores = [(1.0, math.nan), (None, math.nan), (3.0, None)]
    records = [{"aepe": a, "iou": b} for a, b in scores]
    result = _average(average, records)
    assert result["aepe"] == 2.0 and math.isnan(result["iou"])
    assert average.num_skipped == {"aepe": 1, "iou": 3}


def test_curves_are_averaged_point_by_point():
    records = [{"curve": c} for c in ([1.0, 0.5, 0.0], None, [0.0, 0.5, 1.0])]
    average = averages.MeanOverImages(["curve"])
    assert _average(average, records) == {"curve": [0.5, 0.5, 0.5]}
    assert average.num_skipped == {"curve": 1}


def test_pixels_count_alike_over_all_images():
    result = _average(averages.MeanOverPixels(NAMES), RECORDS)
    assert result == {"aepe": 1.0, "pck1": 75.0, "fl": 25.0}


def test_alphas_are_pooled_with_the_extent_of_each_pair():
    # 3 px is within 0.1 * 40 px, but not within 0.1 * 20 px.
    records = [
        flow_scores.flow_record([3.0], [9.0], (), extent, (0.1,))
        for extent in (40, 20)
    ]
    average = averages.MeanOverPixels(["pck_alpha_0.1"])
    assert _average(average, records) == {"pck_alpha_0.1": 50.0}


def test_no_pixels_give_nan():
    result = _average(averages.MeanOverPixels(NAMES), [EMPTY])
    assert all(math.isnan(result[name]) for name in NAMES)


def test_groups_count_alike_whatever_their_number_of_pairs():
    average = averages.MeanOverGroups(["aepe"])
    for group, value in [("b", 1), ("a", 2), ("a", 6), ("a", 4), ("c", None)]:
        average.update({"aepe": value}, group)
    # Scene a: 4, b: 1, c: undefined. The mean over pairs would be 3.25.
    assert average.result() == {"aepe": 2.5}
    results = average.group_results()
    assert list(results) == ["a", "b", "c"]
    assert results["a"] == {"aepe": 4.0} and results["b"] == {"aepe": 1.0}
    assert average.num_skipped == {"aepe": 1}


@pytest.mark.parametrize(
    "make", [averages.MeanOverImages, averages.MeanOverPixels]
)
def test_the_order_of_pairs_does_not_matter(make):
    rng = np.random.default_rng(0)
    sizes = rng.integers(0, 50, 200)
    records = [
        flow_scores.flow_record(*rng.exponential(3, (2, n)), (1,))
        for n in sizes
    ]
    forward = _average(make(NAMES), records)
    assert forward == pytest.approx(
        _average(make(NAMES), records[::-1]), rel=1e-12
    )


def test_a_record_without_the_score_is_an_error():
    with pytest.raises(ValueError, match="`record` must have 'aepe'.*num_val"):
        averages.MeanOverImages(["aepe"]).update({"num_valid": 3})
    with pytest.raises(ValueError, match="`record` must have 'num_correct_3'"):
        averages.MeanOverPixels(["pck3"]).update(SMALL)


def test_a_curve_of_another_length_is_an_error():
    average = averages.MeanOverImages(["curve"])
    average.update({"curve": [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"'curve' must have shape \(2,\)"):
        average.update({"curve": [1.0]})


def test_only_means_over_pixels_can_be_pooled():
    with pytest.raises(ValueError, match="`name` must be .*'median'"):
        averages.MeanOverPixels(["median"])
