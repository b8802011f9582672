import cv2
import numpy as np
import pytest

from gocor_tf.trainers.evaluation import (
    evaluate_lib,
    pictures,
    protocols,
    scoring,
)
from gocor_tf.trainers.evaluation.totals import Totals
from tests.trainers.evaluation.fake_pairs import moves_by, moving_pairs

pytest.importorskip("matplotlib")

PAIRS = protocols.PAIRS


def _totals(method):
    pairs = moving_pairs(a=1, b=20)
    records = evaluate_lib.evaluate("x", method, pairs, PAIRS)
    return evaluate_lib.summarize(records, PAIRS)


def test_what_is_known_is_drawn():
    methods = {"a": _totals(moves_by(0)), "b": _totals(moves_by(1))}
    drawn = pictures.draw_curves(methods)
    assert list(drawn) == ["pck", "displacement"]
    for png in drawn.values():
        image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
        assert image.shape == (350, 550, 3) and image.std() > 5


def test_confidence_adds_pictures():
    methods = {"a": _totals(moves_by(0)), "b": _totals(moves_by(0, 0, 0.5))}
    drawn = pictures.draw_curves(methods)
    assert list(drawn) == [
        *("pck", "displacement", "sparsification", "calibration")
    ]


def test_nothing_known_draws_nothing():
    assert pictures.draw_curves({"a": Totals(PAIRS)}) == {}


def test_a_bin_is_drawn_in_its_middle():
    # (0, 1, 3, 10, 30, 100, 300, inf); the last one has no middle.
    panel = pictures._displacement({"a": _totals(moves_by(0)).curves()})
    middles, errors = panel.lines["a"]
    assert middles.tolist() == [0.5, 2, 6.5, 20, 65, 200, 450]
    # 1 px lies in the bin from 1 to 3 px, 20 px in that from 10 to 30 px.
    np.testing.assert_allclose(errors[[1, 3]], [1, 20])
    assert np.isnan(errors[[0, 2, 4, 5, 6]]).all()


def test_pck_is_drawn_over_its_thresholds():
    panel = pictures._pck({"a": _totals(moves_by(0)).curves(), "b": {}})
    ((thresholds, shares),) = panel.lines.values()
    assert thresholds == scoring.CURVE_THRESHOLDS
    steps = dict(zip(thresholds, shares, strict=True))
    assert (steps[0.5], steps[1], steps[16], steps[32]) == (0, 50, 50, 100)


def test_each_sparsification_has_its_oracle():
    sure = _totals(moves_by(0, 0, 0.5)).curves()
    panel = pictures._sparsification({"a": sure, "b": {}})
    assert list(panel.lines) == ["a", "a, oracle"]
    assert {len(y) for _, y in panel.lines.values()} == {51}
