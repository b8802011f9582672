import cv2
import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.video_frames import VideoFrames
from tests.data.evaluation_sets.miniatures_semantic import (
    cut_short,
    write_image,
)

# Grey value of frame n is 30 n.
NUM_FRAMES = 7


def _write_folder(root):
    for number in range(NUM_FRAMES):
        name = f"{number:03d}.{('png', 'jpg', 'JPEG')[number % 3]}"
        write_image(root / "frames" / name, 20, 30, 30 * number)
    (root / "frames" / "notes.txt").write_text("no frame")
    return root / "frames"


def _write_video(root):
    path = str(root / "video.avi")
    codec = cv2.VideoWriter_fourcc(*"MJPG")
    writer = cv2.VideoWriter(path, codec, 25.0, (64, 48))
    for number in range(NUM_FRAMES):
        writer.write(np.full((48, 64, 3), 30 * number, "uint8"))
    writer.release()
    return path


def _frame(image):
    """Returns the number of a frame by its grey value."""
    return round(float(image.mean()) / 30)


@pytest.mark.parametrize("write", [_write_folder, _write_video])
def test_every_frame_is_matched_with_the_middle_one(tmp_path, write):
    pairs = VideoFrames(write(tmp_path))
    samples = list(pairs)
    assert len(pairs) == NUM_FRAMES
    # 0 + (7 - 0) // 2 = 3
    assert {_frame(s["reference"]) for s in samples} == {3}
    assert [_frame(s["query"]) for s in samples] == list(range(NUM_FRAMES))
    assert samples[0]["flow"] is None and samples[0]["group"] == "video"


@pytest.mark.parametrize("write", [_write_folder, _write_video])
def test_a_range_of_frames(tmp_path, write):
    pairs = VideoFrames(write(tmp_path), start=2, end=5)
    assert pairs.names == ["frame_000002", "frame_000003", "frame_000004"]
    # 2 + (5 - 2) // 2 = 3
    assert _frame(pairs[0]["reference"]) == 3
    assert [_frame(s["query"]) for s in pairs] == [2, 3, 4]
    with pytest.raises(IndexError):
        pairs[3]


@pytest.mark.parametrize("write", [_write_folder, _write_video])
def test_frames_in_any_order(tmp_path, write):
    pairs = VideoFrames(write(tmp_path), middle=6)
    assert _frame(pairs[5]["reference"]) == 6
    assert [_frame(pairs[n]["query"]) for n in (5, 5, 0, 2)] == [5, 5, 0, 2]


def test_a_video_is_rgb(tmp_path):
    path = str(tmp_path / "video.avi")
    codec = cv2.VideoWriter_fourcc(*"MJPG")
    writer = cv2.VideoWriter(path, codec, 25.0, (64, 48))
    writer.write(np.full((48, 64, 3), (0, 0, 255), "uint8"))  # BGR
    writer.release()
    red, _, blue = VideoFrames(path)[0]["query"].mean(axis=(0, 1))
    assert red > 200 and blue < 50


def test_frames_are_padded_to_a_common_size(tmp_path):
    write_image(tmp_path / "a.png", 4, 9, 100)
    write_image(tmp_path / "b.png", 6, 5, 200)
    sample = VideoFrames(tmp_path)[0]
    # The middle of two is the second, frame 1.
    assert sample["reference"].shape == sample["query"].shape == (6, 9, 3)
    assert (sample["reference"][:6, :5] == 200).all()
    assert sample["query"][4:].max() == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": 3, "end": 3}, "`start` and `end` must be in order .* 0..7"),
        ({"start": -1}, "`start` and `end` must be in order"),
        ({"end": 8}, "`start` and `end` must be in order .*end=8"),
        ({"middle": 7}, "`middle` must be one of the 7 frames"),
        ({"middle": -1}, "`middle` must be one of the 7 frames"),
    ],
)
def test_numbers_are_checked(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        VideoFrames(_write_folder(tmp_path), **arguments)


def test_frames_there_must_be(tmp_path):
    with pytest.raises(ValueError, match="must hold frames as PNG or JPEG"):
        VideoFrames(tmp_path)
    with pytest.raises(ValueError, match="Cannot read video '.*none.mp4': it"):
        VideoFrames(tmp_path / "none.mp4")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(ValueError, match="Cannot read video '.*text.mp4': it"):
        VideoFrames(tmp_path / "text.mp4")


def test_frames_that_cannot_be_read_are_named(tmp_path):
    folder = _write_folder(tmp_path)
    pairs = VideoFrames(folder)
    cut_short(folder / "001.jpg")
    with pytest.raises(ValueError, match="001.jpg': it is cut short"):
        pairs[1]
    (folder / "000.png").unlink()
    with pytest.raises(ValueError, match="000.png': No such file"):
        pairs[0]


def test_a_video_that_changes_is_named(tmp_path):
    path = _write_video(tmp_path)
    pairs = VideoFrames(path)
    (tmp_path / "video.avi").write_bytes(b"")
    with pytest.raises(ValueError, match="Cannot read frame 0 of video '.*avi"):
        pairs[0]
