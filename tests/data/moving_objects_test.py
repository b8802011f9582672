import cv2
import numpy as np
import pytest

from gocor_tf.data import moving_objects
from gocor_tf.data.moving_objects import ObjectRanges
from gocor_tf.ops.warp import warp

SIZE = 96


class _Boxes:
    """Opaque rectangles of one colour each."""

    def cut_out(self, rng):
        height, width = rng.integers(12, 30, 2)
        image = np.empty((height, width, 4), "uint8")
        image[:] = (*rng.integers(0, 255, 3), 255)
        return image


def _draw(seed, **ranges):
    drawn = moving_objects.draw(
        np.random.default_rng(seed), SIZE, ObjectRanges(**ranges), _Boxes()
    )
    return {name: value[None] for name, value in drawn.items()}


def _add(drawn, flow=(3.0, -2.0)):
    rng = np.random.default_rng(7)
    query = cv2.GaussianBlur(
        rng.uniform(0, 255, (SIZE, SIZE, 3)).astype("float32"), (0, 0), 6
    )[None]
    flow = np.broadcast_to(np.float32(flow), (1, SIZE, SIZE, 2)).copy()
    reference = np.asarray(warp(query, flow))
    added = moving_objects.add_objects(drawn, reference, query, flow, True)
    return flow, {name: np.asarray(value) for name, value in added.items()}


def _hidden_step_by_step(drawn, background):
    """Spec training.md 1.7.1, step 7, with OpenCV's warps."""
    y, x = np.mgrid[:SIZE, :SIZE].astype("float32")
    flow = background[0].copy()
    hidden = np.zeros((SIZE, SIZE), bool)
    in_query = np.zeros((SIZE, SIZE), bool)

    def look_up(mask, flow):
        return cv2.remap(
            mask.astype("float32"),
            x + flow[..., 0],
            y + flow[..., 1],
            cv2.INTER_LINEAR,
        )

    for index in range(drawn["patch"].shape[1]):
        one = {name: value[0, index] for name, value in drawn.items()}
        if not one["present"]:
            continue
        canvas = np.zeros((3 * SIZE, 3 * SIZE), "float32")
        left, top = (one["corner"] + SIZE).astype(int)
        side = len(one["patch"])
        canvas[top : top + side, left : left + side] = one["patch"][..., 3]
        canvas = canvas[SIZE : 2 * SIZE, SIZE : 2 * SIZE]
        on_reference = canvas > 127
        uncut = np.zeros((3 * SIZE, 3 * SIZE), "float32")
        uncut[top : top + side, left : left + side] = one["patch"][..., 3]
        shift = np.array([[1, 0, SIZE], [0, 1, SIZE], [0, 0, 1]], "float64")
        motion = np.vstack([one["motion"], [0, 0, 1]]) @ np.linalg.inv(shift)
        on_query = cv2.warpAffine(uncut, motion[:2], (SIZE, SIZE)) > 127.5
        if not on_query.any():
            hidden |= on_reference
            continue
        moved = np.stack([x, y, np.ones_like(x)], -1) @ one["motion"].T
        flow[on_reference] = (moved - np.stack([x, y], -1))[on_reference]
        covered = look_up(on_query, background[0])
        kernel = np.ones((3, 3))
        covered = cv2.erode(cv2.dilate(covered, kernel), kernel) != 0
        if (in_query & on_query).any():
            hidden |= np.floor(look_up(on_query, flow) + 1e-4) != 0
        in_query |= on_query
        hidden = (hidden | covered) & ~on_reference
    return flow, hidden


def test_motion_is_that_of_the_spec():
    # Spec training.md, A.3.
    matrix = moving_objects.random_affine(520, 10.0, 1.2, (5, -3))
    expected = [
        [1.181769, 0.208378, -70.154537],
        [-0.208378, 1.181769, 28.331016],
        [0, 0, 1],
    ]
    np.testing.assert_allclose(matrix, expected, atol=1e-5)


def test_the_query_warped_by_the_flow_shows_the_reference():
    errors, hidden_errors = [], []
    for seed in range(8):
        _, added = _add(_draw(seed, number=3, probability=1.0))
        warped = np.asarray(warp(added["query"], added["flow"]))
        error = np.abs(warped - added["reference"]).mean(-1)[0]
        shown = added["hidden"][0, ..., 0] == 0
        # Edges of objects are partly background.
        shown = cv2.erode(shown.astype("uint8"), np.ones((5, 5))) > 0
        shown[:4] = shown[-4:] = shown[:, :4] = shown[:, -4:] = False
        errors.append(np.median(error[shown]))
        hidden_errors.append(error[added["hidden"][0, ..., 0] > 0].mean())
    assert np.mean(errors) < 0.3
    assert np.mean(hidden_errors) > 30


@pytest.mark.parametrize("seed", range(6))
def test_flow_and_hidden_follow_the_spec_step_by_step(seed):
    drawn = _draw(seed, number=4, probability=1.0)
    background, added = _add(drawn)
    flow, hidden = _hidden_step_by_step(drawn, background)
    differs = np.abs(added["flow"][0] - flow).max(-1) > 1e-2
    assert differs.mean() < 2e-3
    # OpenCV's coordinates have steps of 1/32 px: outlines may differ.
    assert np.mean((added["hidden"][0, ..., 0] > 0) != hidden) < 0.02
    assert hidden.any()


def test_an_object_that_the_query_does_not_show_is_hidden():
    drawn = _draw(0, number=1, probability=1.0)
    drawn["inverse"][..., 2] = 1e4
    background, added = _add(drawn)
    np.testing.assert_array_equal(added["flow"], background)
    assert added["hidden"].sum() > 50
    assert added["moved"].sum() == 0


def test_how_often_there_are_objects():
    present = np.array(
        [
            _draw(seed, number=3, probability=0.5)["present"][0]
            for seed in range(200)
        ]
    )
    assert set(present.sum(axis=1)) == {0.0, 3.0}
    assert 0.38 < (present.sum(axis=1) > 0).mean() < 0.62
    numbers = {
        int(_draw(seed, number=3, random_number=True)["present"].sum())
        for seed in range(40)
    }
    assert numbers == {0, 1, 2, 3}


def test_large_objects_are_made_smaller():
    class Large:
        def cut_out(self, rng):
            return np.full((SIZE, SIZE, 4), 255, "uint8")

    for seed in range(10):
        drawn = moving_objects.draw(
            np.random.default_rng(seed), SIZE, ObjectRanges(1, 1.0), Large()
        )
        # A linear factor of 0.1 to 0.4, for all of the image is covered.
        side = np.sqrt((drawn["patch"][0, ..., 3] > 0).sum()) / SIZE
        assert 0.08 <= side <= 0.41


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"number": 0}, "`number` must be > 0"),
        ({"probability": 1.5}, r"`probability` must be in \[0, 1\]"),
    ],
)
def test_impossible_ranges_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ObjectRanges(**arguments)
