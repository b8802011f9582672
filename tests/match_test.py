import csv
import os

import cv2
import numpy as np
import pytest

from gocor_tf.data import flow_io, photographs
from gocor_tf.match import Match

RNG = np.random.default_rng(0)
QUERY = RNG.integers(0, 255, (20, 30, 3), np.uint8)


def _shifted(dx, dy):
    """Returns the match of an image with itself, shifted."""
    reference = np.zeros_like(QUERY)
    reference[: 20 - dy, : 30 - dx] = QUERY[dy:, dx:]
    flow = np.full((20, 30, 2), (dx, dy), np.float32)
    confidence = RNG.uniform(0.2, 1, (20, 30)).astype(np.float32)
    return Match(reference, QUERY, flow, confidence)


def test_warped_query_is_the_reference():
    match = _shifted(4, 2)
    np.testing.assert_array_equal(match.warp(QUERY), match.reference)


def test_warp_refuses_another_size():
    with pytest.raises(ValueError, match=r"`query` must have the shape \(20"):
        _shifted(4, 2).warp(QUERY[:10])


def test_keypoints_are_sure_in_view_and_sorted():
    match = _shifted(4, 2)
    reference, query, confidence = match.keypoints(0.5, None, spacing=3)
    np.testing.assert_array_equal(query - reference, [[4, 2]] * len(query))
    assert (query <= (29, 19)).all() and (confidence >= 0.5).all()
    assert (np.diff(confidence) <= 0).all()
    x, y = reference.astype(int).T
    np.testing.assert_array_equal(confidence, match.confidence[y, x])


@pytest.mark.parametrize("is_flat", [False, True])
def test_keypoints_keep_their_distance_and_fill_the_image(is_flat):
    match = _shifted(0, 0)
    if is_flat:
        match.confidence[:] = 0.7
    points = match.keypoints(0, None, spacing=4)[0]
    distances = np.abs(points[:, None] - points).max(-1)
    assert distances[~np.eye(len(points), dtype=bool)].min() >= 4
    assert len(points) > 600 / 8**2
    # No surer pixel lies within the distance.
    x, y = points.astype(int).T
    for column, row in zip(x, y, strict=True):
        window = match.confidence[max(0, row - 3) : row + 4]
        window = window[:, max(0, column - 3) : column + 4]
        assert window.max() == match.confidence[row, column]


def test_keypoints_are_the_best_of_all():
    everything = _shifted(0, 0).keypoints(0, None, 1)
    assert len(everything[2]) == 20 * 30
    match = _shifted(0, 0)
    best = match.keypoints(0, 5, 1)[2]
    expected = np.sort(match.confidence.ravel())[::-1][:5]
    np.testing.assert_array_equal(best, expected)


def test_keypoints_of_one_pixel():
    match = Match(
        QUERY[:1, :1],
        QUERY,
        np.zeros((1, 1, 2), np.float32),
        np.ones((1, 1), np.float32),
    )
    np.testing.assert_array_equal(match.keypoints()[0], [[0, 0]])


def test_keypoints_refuse_spacing_zero():
    with pytest.raises(ValueError, match="`spacing` must be > 0"):
        _shifted(0, 0).keypoints(spacing=0)


def test_saved_files_hold_the_match(tmp_path):
    match = _shifted(4, 2)
    folder = tmp_path / "new" / "folder"
    match.save(folder)
    assert sorted(os.listdir(folder)) == [
        "confidence.png",
        "flow.flo",
        "flow.png",
        "matches.csv",
        "overlay.png",
        "warped.png",
    ]
    np.testing.assert_array_equal(
        flow_io.read_flo(folder / "flow.flo"), match.flow
    )
    confidence = cv2.imread(str(folder / "confidence.png"), -1)
    assert confidence.shape == (20, 30)
    np.testing.assert_allclose(confidence / 255, match.confidence, atol=0.002)
    np.testing.assert_array_equal(
        photographs.read_image(folder / "warped.png"), match.reference
    )
    for name in ("flow.png", "overlay.png"):
        assert photographs.read_image(folder / name).shape == (20, 30, 3)


def test_saved_keypoints_are_a_table(tmp_path):
    match = _shifted(4, 2)
    match.save(tmp_path)
    with open(tmp_path / "matches.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    reference, query, confidence = match.keypoints()
    assert len(rows) == len(reference)
    assert float(rows[0]["x_reference"]) == reference[0, 0]
    assert float(rows[0]["y_query"]) == query[0, 1]
    assert float(rows[0]["confidence"]) == pytest.approx(
        confidence[0], abs=1e-3
    )


def test_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="Cannot write to folder"):
        _shifted(0, 0).save(tmp_path / "file" / "folder")


def test_summary_is_one_picture():
    match = _shifted(4, 2)
    picture = match.summary()
    assert picture.dtype == np.uint8 and picture.shape[1:] == (1200, 3)
    pictures = match.pictures()
    np.testing.assert_array_equal(match.summary(pictures), picture)
    black = {name: np.zeros_like(x) for name, x in pictures.items()}
    assert match.summary(black).mean() < picture.mean()
