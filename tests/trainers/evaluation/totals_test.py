import dataclasses

import numpy as np
import pytest

from gocor_tf.trainers.evaluation import protocols, scoring
from gocor_tf.trainers.evaluation.totals import Totals
from tests.trainers.evaluation.fake_pairs import (
    SIZE,
    constant_flow,
    moves_by,
    sample,
)

PAIRS = protocols.PAIRS
STILL = moves_by(0)


def _record(length, group="g", num_known=96, method=STILL, **attributes):
    """Scores a pair of which some pixels move to the right."""
    truth = constant_flow(length)
    truth[np.arange(96).reshape(SIZE) >= num_known] = np.nan
    pair = sample("a", group, attributes, flow=truth)
    estimate = method(pair["reference"], pair["query"])
    return scoring.score(pair, estimate, PAIRS) | {"seconds": 0.5}


def _pose_record(rotation_error, translation_error):
    errors = {
        "rotation_error": rotation_error,
        "translation_error": translation_error,
    }
    pair = sample()
    return scoring.score(pair, STILL(*2 * [pair["query"]]), PAIRS) | {
        **errors,
        "seconds": 1.0,
    }


def _add_up(*records, **changes):
    totals = Totals(dataclasses.replace(PAIRS, **changes))
    for record in records:
        totals.update(record)
    return totals


def test_means_over_pairs_and_over_pixels():
    totals = _add_up(_record(2, num_known=12), _record(6, num_known=36))
    means = totals.groups()["g"]
    assert means == totals.all_pairs()
    assert means["num_pairs"] == 2 and means["seconds"] == 0.5
    assert means["aepe"] == means["median"] == pytest.approx(4)
    assert means["pck3"] == 50
    # (12 * 2 + 36 * 6) / 48 and 12 of 48.
    assert means["aepe_of_pixels"] == pytest.approx(5)
    assert means["pck3_of_pixels"] == pytest.approx(25)
    assert "rotation_error" not in means and "auc5" not in means


@pytest.mark.parametrize(("total", "expected"), [("pairs", 4), ("groups", 5)])
def test_the_whole_is_over_pairs_or_groups(total, expected):
    # Groups 2 and 8; pairs (2 + 2 + 8) / 3.
    records = _record(2, "a"), _record(2, "a"), _record(8, "b")
    means = _add_up(*records, total=total).all_pairs()
    assert means["aepe"] == pytest.approx(expected)
    assert means["num_pairs"] == 3


def test_means_over_scenes():
    # Scenes 2 and 8; pairs (2 + 2 + 8) / 3.
    records = [_record(x, scene=scene) for x, scene in ((2, 1), (2, 1), (8, 2))]
    totals = _add_up(*records, nests="scene")
    assert totals.groups()["g"]["aepe"] == pytest.approx(5)
    assert totals.groups()["g"]["aepe_of_pixels"] == pytest.approx(4)


def test_breakdowns_are_sorted():
    records = [_record(x, level=level) for x, level in ((2, 3), (4, 1), (6, 3))]
    totals = _add_up(*records, breakdowns=("level",))
    (groups,) = totals.breakdowns().values()
    assert list(groups) == ["1", "3"]
    assert groups["1"]["aepe"] == 4 and groups["3"]["aepe"] == 4
    assert groups["3"]["num_pairs"] == 2


def test_poses_count_by_the_larger_error():
    # Errors 2, 8 and 180: Acc@5 1/3, Acc@10 2/3, and so on.
    totals = _add_up(
        _pose_record(2.0, 1.0), _pose_record(3.0, 8.0), _pose_record(180.0, 90)
    )
    means = totals.groups()["g"]
    assert means["map5"] == pytest.approx(100 / 3)
    assert means["map20"] == pytest.approx(175 / 3)
    # Recall rises to 1/3 at 2 and to 2/3 at 8 degrees, up to 10:
    # (2 * 1/6 + 6 * 1/2 + 2 * 2/3) / 10.
    assert means["auc10"] == pytest.approx(140 / 3)
    assert means["rotation_error"] == pytest.approx(185 / 3)
    assert means["aepe"] is None


def test_skipped_pairs_are_counted_alone():
    totals = _add_up({"name": "b", "error": "gone"}, _record(3))
    assert totals.num_skipped == 1
    assert totals.all_pairs()["num_pairs"] == 1
    assert totals.all_pairs()["aepe"] == 3


def test_curves_are_over_all_pixels():
    # 12 pixels err by 2 px and 36 by 64 px, which is their length.
    totals = _add_up(_record(2, num_known=12), _record(64, num_known=36))
    curves = totals.curves()
    assert list(curves) == ["pck", "displacement"]
    steps = dict(zip(scoring.CURVE_THRESHOLDS, curves["pck"], strict=True))
    assert (steps[1], steps[2], steps[32], steps[64]) == (0, 25, 25, 100)
    # From 1 to 3 px and from 30 to 100 px; nothing is known of the others.
    np.testing.assert_allclose(
        curves["displacement"], [np.nan, 2, np.nan, np.nan, 64, np.nan, np.nan]
    )


def test_curves_of_confidence_are_over_its_pairs():
    sure = moves_by(0, 0, 0.8)
    totals = _add_up(_record(2, method=sure), _record(8, method=sure))
    curves = totals.curves()
    # All pixels of a pair err alike, so nothing is gained before the end.
    for name in ("sparsification", "oracle"):
        np.testing.assert_allclose(curves[name], [1.0] * 50 + [0], atol=1e-6)
    # Half of the pixels of confidence 0.8 are within 5 px.
    assert curves["calibration"]["observed"][16] == 0.5
    assert "calibration" not in _add_up(_record(2)).curves()


def test_without_truth_there_are_no_curves():
    assert _add_up(_pose_record(1.0, 1.0)).curves() == {}
    assert _add_up().curves() == {}
    assert _add_up(_record(1, num_known=0)).curves() == {}
