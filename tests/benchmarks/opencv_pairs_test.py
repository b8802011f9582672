"""The yardstick of pair rendering must make the pairs that it should."""

import cv2
import numpy as np
import pytest

from benchmarks.opencv_pairs import OpenCVPairs

SIZE = 260
STACKS = [
    {},
    {"perturbs": True},
    {"perturbs": True, "num_objects": 4},
    {"perturbs": True, "coarse_noise": True},
]


@pytest.fixture(scope="module")
def photographs():
    rng = np.random.default_rng(0)
    return [
        cv2.resize(
            rng.integers(0, 256, (12, 16, 3), "uint8"),
            (512, 384),
            interpolation=cv2.INTER_CUBIC,
        )
        for _ in range(2)
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_the_flow_takes_the_query_to_the_reference(photographs, stack):
    pairs = OpenCVPairs(photographs, SIZE, **stack)
    for number in range(6):
        pair = pairs.pair(number)
        x, y = np.meshgrid(*[np.arange(SIZE, dtype="float32")] * 2)
        x, y = x + pair["flow"][..., 0], y + pair["flow"][..., 1]
        warped = cv2.remap(pair["query"], x, y, cv2.INTER_LINEAR)
        in_view = cv2.inRange(
            cv2.merge([x, y]), (1, 1), (SIZE - 2, SIZE - 2)
        ).astype(bool)
        known = pair["mask"] & in_view
        assert known.mean() > 0.2
        error = np.abs(warped.astype("float32") - pair["reference"])
        # In grey levels; single pixels at the edges of objects differ more.
        assert error[known].mean() < 1


def test_each_part_changes_the_pair(photographs):
    flows = [
        OpenCVPairs(photographs, SIZE, **stack).pair(3)["flow"]
        for stack in STACKS
    ]
    for bent_flow in (flows[1], flows[3]):
        bent = np.abs(bent_flow - flows[0]).max(axis=-1)
        assert 0.005 < (bent > 0.1).mean() < 0.5 and bent.max() < 20
    assert (np.abs(flows[2] - flows[1]).max(axis=-1) > 1).any()


def test_batches_hold_pairs(photographs):
    pairs = OpenCVPairs(photographs, SIZE)
    batch = pairs.batch([4, 5])
    np.testing.assert_array_equal(batch["flow"][1], pairs.pair(5)["flow"])
    assert batch["reference"].shape == (2, SIZE, SIZE, 3)
    assert batch["reference"].dtype == np.uint8
