"""Each data set, from its files to the numbers of its published protocol."""

import dataclasses

import numpy as np
import pytest
from absl import app

from gocor_tf.trainers.evaluation import evaluate_lib, protocols
from gocor_tf.trainers.evaluation.estimate import Estimate
from tests.trainers.evaluation import miniatures
from tests.trainers.evaluation.fake_pairs import constant_flow, moves_by


@pytest.fixture
def score(tmp_path):
    """Returns a function: name of the set, method -> `Totals`."""

    def run(name, method):
        getattr(miniatures, f"write_{name}")(tmp_path)
        protocol = protocols.find(name)
        pairs = protocol.open(str(tmp_path), None)
        records = evaluate_lib.evaluate("fake", method, pairs, protocol)
        return evaluate_lib.summarize(records, protocol)

    return run


# Dataset -> (answer of the method in px, scores of the protocol's columns).
FLOWS = {
    # Errors 4 px where nothing moves, 96 pixels, and 6 - 4 = 2 px in 48; in
    # each of the five lists. AEPE (4 + 2) / 2; over pixels it would be 3.33.
    "hpatches": (-4, {"aepe": 3, "pck1": 0, "pck3": 50, "pck5": 100}),
    # Rate 3: lakeside (4 + 8) / 2 = 6, nine scenes 2: 24 / 10 = 2.4. Six
    # rates of 2: (2.4 + 12) / 7. PCK-3 (90 + 600) / 7. PCK-5 of lakeside is
    # 50, of rate 3 so 95: (95 + 600) / 7.
    "eth3d": (
        0,
        {"aepe": 14.4 / 7, "pck1": 0, "pck3": 690 / 7, "pck5": 695 / 7},
    ),
    # AEPE of pairs (10 + 2) / 2; 3 of 4 points err by 2 px, 1 by 10 px.
    "megadepth": (
        0,
        {
            "aepe": 6,
            "pck1_of_pixels": 0,
            "pck3_of_pixels": 75,
            "pck5_of_pixels": 75,
        },
    ),
    "robotcar": (
        0,
        {
            "aepe": 6,
            "pck1_of_pixels": 0,
            "pck3_of_pixels": 75,
            "pck5_of_pixels": 75,
        },
    ),
    # Errors 96 - 88 = 8 px (9 % of 88) in one pixel, 100 - 96 = 4 px (4 % of
    # 100, no outlier) in three. AEPE of pairs (8 + 4) / 2, Fl 1 of 4.
    "kitti2012": (
        96,
        {
            "aepe": 6,
            "fl_of_pixels": 25,
            "pck1_of_pixels": 0,
            "pck5_of_pixels": 75,
        },
    ),
    "kitti2015": (
        96,
        {
            "aepe": 6,
            "fl_of_pixels": 25,
            "pck1_of_pixels": 0,
            "pck5_of_pixels": 75,
        },
    ),
    # Over pixels: (2 * 8 + 6 * 2) / 8; of pairs it would be 5.
    "sintel": (
        0,
        {
            "aepe_of_pixels": 3.5,
            "pck1_of_pixels": 0,
            "pck3_of_pixels": 75,
            "pck5_of_pixels": 75,
        },
    ),
    # Of pairs (6 + 2) / 2; over pixels it would be (24 * 6 + 6 * 2) / 30.
    "flyingchairs": (0, {"aepe": 4, "pck1": 0, "pck3": 50, "pck5": 50}),
    "flyingthings3d": (0, {"aepe": 4, "pck1": 0, "pck3": 50, "pck5": 50}),
    # Limits 0.2, 1, 2 and 3 px of 20. Groups 100, 200 / 3 and 0, of which the
    # plain mean is 500 / 9; over the ten samples it would be 60.
    "tss": (
        0,
        {
            "pck_alpha_0.01": 0,
            "pck_alpha_0.05": 500 / 9,
            "pck_alpha_0.1": 500 / 9,
            "pck_alpha_0.15": 100,
        },
    ),
    # Limits as above. Of pairs (100 + 0) / 2; over points it would be 25.
    "pfpascal": (
        0,
        {
            "pck_alpha_0.01": 0,
            "pck_alpha_0.05": 50,
            "pck_alpha_0.1": 50,
            "pck_alpha_0.15": 100,
        },
    ),
    # Limits as above: (100 + 50) / 2.
    "pfwillow": (
        0,
        {
            "pck_alpha_0.01": 0,
            "pck_alpha_0.05": 75,
            "pck_alpha_0.1": 75,
            "pck_alpha_0.15": 100,
        },
    ),
    # Limits as above: (100 + 100 / 3) / 2; over points it would be 50.
    "spair": (
        0,
        {
            "pck_alpha_0.01": 0,
            "pck_alpha_0.05": 200 / 3,
            "pck_alpha_0.1": 200 / 3,
            "pck_alpha_0.15": 100,
        },
    ),
    # The query's columns 2..5 land on 0..3. Of the reference's 2..5 it is
    # 2 * 4 of 6 * 4 pixels, and 16 of 100 differ; of 0..3 it is all.
    "caltech101": (
        2,
        {"iou": (100 / 3 + 100) / 2, "label_transfer_accuracy": 92},
    ),
}


@pytest.mark.parametrize("name", FLOWS)
def test_the_published_number(score, name):
    answer, expected = FLOWS[name]
    means = score(name, moves_by(answer)).all_pairs()
    assert tuple(expected) == protocols.find(name).columns
    found = {column: means[column] for column in expected}
    assert found == pytest.approx(expected, abs=1e-4)


def test_groups_of_eth3d_are_rates(score):
    groups = score("eth3d", moves_by(0)).groups()
    assert list(groups) == [f"rate_{rate}" for rate in range(3, 16, 2)]
    assert groups["rate_3"]["aepe"] == pytest.approx(2.4)
    assert groups["rate_5"]["aepe"] == pytest.approx(2)
    # Eleven points, of which nine by 2 px.
    assert groups["rate_3"]["pck3_of_pixels"] == pytest.approx(100 * 9 / 11)


def test_spair_is_broken_down(score):
    breakdowns = score("spair", moves_by(0)).breakdowns()
    found = {
        attribute: {
            value: (means["num_pairs"], round(means["pck_alpha_0.1"], 2))
            for value, means in groups.items()
        }
        for attribute, groups in breakdowns.items()
    }
    apart, together = ((1, 100), (1, 33.33)), (2, 66.67)
    assert found == {
        "category": dict(zip(("bus", "cat"), apart, strict=True)),
        "viewpoint_variation": dict(zip("02", apart, strict=True)),
        "scale_variation": {"1": together},
        "truncation": {"0": together},
        "occlusion": {"0": together},
    }


def _see_a_wave(reference, query):
    """Knows that the camera moves by 0.1 before a wave of depths 2 to 4."""
    if reference[0, 0, 0] == 2:
        return Estimate(constant_flow(1e5, size=query.shape[:2]))
    y, x = np.mgrid[:480, :640]
    depth = 3 + np.sin(x / 40) * np.cos(y / 60)
    # X_query = X_reference - 0.1, so x moves by -0.1 * 500 / depth.
    return Estimate(np.stack([-50 / depth, 0 * depth], -1).astype(np.float32))


@pytest.mark.parametrize("name", ["yfcc100m", "scannet"])
def test_the_published_numbers_of_poses(score, name):
    # Errors 0, 7 (the angle that the list claims) and 180 (no match inside).
    # Acc@5 1/3; @10, @15 and @20 2/3. mAP: 1/3; (1 + 2) / 6;
    # (1 + 2 + 2 + 2) / 12. AUC: 1/3; between 0 and 7 it rises from 1/3 to 2/3:
    # (7 * 1/2 + 3 * 2/3) / 10; (7 * 1/2 + 13 * 2/3) / 20.
    expected = {
        "map5": 33.33,
        "map10": 50,
        "map20": 58.33,
        "auc5": 33.33,
        "auc10": 55,
        "auc20": 60.83,
    }
    means = score(name, _see_a_wave).all_pairs()
    assert tuple(expected) == protocols.find(name).columns
    found = {column: means[column] for column in expected}
    assert found == pytest.approx(expected, abs=1)
    assert means["rotation_error"] == pytest.approx(187 / 3, abs=0.5)


def test_of_a_video_nothing_is_known(score):
    totals = score("video", moves_by(0))
    means = totals.all_pairs()
    assert means.pop("seconds") >= 0
    assert means.pop("num_pairs") == 3
    assert set(means.values()) == {None}
    assert totals.curves() == {}


def test_every_data_set_has_its_test():
    tested = {*FLOWS, "yfcc100m", "scannet", "video"}
    assert tested == set(protocols.PROTOCOLS)


@pytest.mark.parametrize("name", protocols.PROTOCOLS)
def test_protocols_agree_with_their_readers(name):
    protocol = protocols.PROTOCOLS[name]
    metrics = {
        *protocol.metrics,
        *(f"{metric}_of_pixels" for metric in protocol.pixel_metrics),
        *(f"{kind}{limit}" for kind in ("map", "auc") for limit in (5, 10, 20)),
        "seconds",
    }
    assert {*protocol.columns, *protocol.headline} <= metrics
    assert len(protocol.headline) <= 2
    assert protocol.worst_first in protocol.metrics


def test_the_first_variant_is_the_published_one(tmp_path):
    made = []

    class Reader:
        def __init__(self, data_dir, variant="published"):
            made.append((data_dir, variant))

    protocol = dataclasses.replace(
        protocols.PAIRS, reader=Reader, variants=("published", "other")
    )
    protocol.open("folder", None)
    protocol.open("folder", "other")
    assert made == [("folder", "published"), ("folder", "other")]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("kitti2012", "must be one of occ, noc, only_occ. Received: .*=all"),
        ("tss", "must not be given: this data set has no variants. Received"),
    ],
)
def test_a_variant_that_does_not_exist(name, message):
    with pytest.raises(app.UsageError, match=f"`--variant` {message}"):
        protocols.find(name).open("folder", "all")


def test_a_set_without_its_extra_is_wrong_usage():
    def reader(data_dir):
        raise ImportError("pip install 'gocor_tf[evaluate]'")

    protocol = dataclasses.replace(protocols.PAIRS, reader=reader)
    with pytest.raises(app.UsageError, match="pip install 'gocor_tf"):
        protocol.open("folder", None)


def test_a_misspelt_data_set():
    with pytest.raises(app.UsageError, match=r"Did you mean kitti2012\? Rec"):
        protocols.find("kiti2012")
    with pytest.raises(app.UsageError, match="one of hpatches, .*video. Rec"):
        protocols.find("imagenet")
