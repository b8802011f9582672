import cv2
import numpy as np
import pytest

from gocor_tf.data.augmentation import AppearanceRanges
from gocor_tf.data.free_warps import FreeWarps
from gocor_tf.data.moving_objects import ObjectRanges
from gocor_tf.data.perturbations import PerturbationRanges
from gocor_tf.data.synthetic_pairs import MASKS
from gocor_tf.ops import warp
from tests.data import pair_cases


@pytest.mark.parametrize("mask", MASKS)
def test_masks_without_objects(mask):
    images = [np.full((80, 80, 3), 200, "uint8")]
    law = FreeWarps(view_size=64, homography_shift=0.9)
    pairs = pair_cases.create_pairs(
        images, law, appearance=pair_cases.PLAIN, mask=mask
    )
    rendered = pair_cases.render(pairs)
    in_view = np.asarray(pairs._geometry.in_view(rendered["flow"]))
    shown = rendered["reference"][..., :1] > 199.999
    expected = {
        "valid": in_view,
        "none": np.ones_like(in_view),
        "zero_border": shown,
        "occlusion": in_view,
        "reprojection": np.ones_like(in_view),
    }
    assert shown.mean() < 0.99
    np.testing.assert_array_equal(rendered["mask"], expected[mask])


def test_pairs_with_hardly_anything_in_view_train_on_that():
    law = FreeWarps(
        view_size=96, transformations=("affine",), shift=0.9, scale=0.0
    )
    pairs = pair_cases.create_pairs(
        law=law, appearance=pair_cases.PLAIN, mask="zero_border"
    )
    rendered = pair_cases.render(pairs, number=32)
    share = rendered["valid"].mean(axis=(1, 2, 3))
    few = share < 0.1
    assert 0 < few.sum() < 32
    np.testing.assert_array_equal(rendered["mask"][few], rendered["valid"][few])
    more = rendered["mask"][~few].mean(axis=(1, 2, 3)) > share[~few]
    assert more.any()


def test_bent_references_still_match_their_flow():
    law = FreeWarps(view_size=96)
    bends = PerturbationRanges(number=(8, 8), min_alpha=3.0)
    plain, bent = (
        pair_cases.render(
            pair_cases.create_pairs(
                law=law, size=80, appearance=pair_cases.PLAIN, perturbation=p
            )
        )
        for p in (None, bends)
    )
    moved = np.linalg.norm(bent["flow"] - plain["flow"], axis=-1)
    assert 1 < moved.max() < 20
    # Places are bent here and there, not everywhere.
    assert 0.02 < (moved > 0.1).mean() < 0.8
    np.testing.assert_array_equal(bent["query"], plain["query"])
    assert pair_cases.photometric_error(bent) < 0.5
    mixed = {**bent, "flow": plain["flow"], "valid": moved[..., None] > 1}
    assert pair_cases.photometric_error(mixed) > 1


class _Disks:
    """Cut-outs of one colour, so that they are found again."""

    def cut_out(self, rng):
        patch = np.zeros((17, 17, 4), "uint8")
        cv2.circle(patch, (8, 8), 8, (255, 0, 255, 255), -1)
        return patch


@pytest.mark.parametrize("mask", MASKS)
def test_moving_objects_and_their_masks(mask):
    images = [np.full((80, 80, 3), 100, "uint8")]
    arguments = {
        "law": FreeWarps(view_size=56, transformations=("homography",)),
        "appearance": pair_cases.PLAIN,
        "mask": mask,
    }
    background = pair_cases.render(
        pair_cases.create_pairs(images, **arguments), 8
    )
    rendered = pair_cases.render(
        pair_cases.create_pairs(
            images,
            **arguments,
            objects=ObjectRanges(number=2, probability=1.0),
            cut_outs=_Disks(),
        ),
        8,
    )
    on_object = rendered["reference"][..., 1:2] < 40
    moved = (rendered["flow"] != background["flow"]).any(-1, keepdims=True)
    assert 0.05 < on_object.mean() < 0.5
    assert (moved & ~on_object).mean() < 0.02
    # The background does not match an object in the query that hides it.
    warped = np.asarray(warp(rendered["query"], rendered["flow"]))
    wrong = np.abs(warped - rendered["reference"]).max(axis=-1) > 50
    wrong &= rendered["valid"][..., 0] > 0
    counts = rendered["mask"] > 0
    hidden, left = (
        np.mean([cv2.erode(m, np.ones((3, 3))) for m in masks.astype("uint8")])
        for masks in (wrong, wrong & counts[..., 0])
    )
    assert hidden > 0.01
    if mask in ("occlusion", "reprojection"):
        assert left < 0.1 * hidden
    assert counts.mean() > 0.4 and counts.all() == (mask == "none")
    if mask == "zero_border":
        assert counts[moved].all()


def test_appearance_changes_objects_too():
    images = [np.full((80, 80, 3), 100, "uint8")]
    black = AppearanceRanges(
        brightness=0.9, contrast=0.0, blur_probability=0.0, noise=0.0
    )
    pairs = [
        pair_cases.render(
            pair_cases.create_pairs(
                images,
                law=FreeWarps(view_size=64),
                appearance=appearance,
                objects=ObjectRanges(number=1, probability=1.0),
                cut_outs=_Disks(),
            )
        )
        for appearance in (pair_cases.PLAIN, black)
    ]
    assert pairs[0]["reference"].max() == 255
    assert np.any(pairs[1]["reference"].max(axis=(1, 2, 3)) < 200)
