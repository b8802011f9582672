import os

import cv2
import numpy as np
import pytest

from gocor_tf.match import Match
from gocor_tf.trainers import video


def _write_video(path, num_frames, size=(48, 62)):
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, size[::-1]
    )
    for number in range(num_frames):
        writer.write(np.full((*size, 3), 40 * number, np.uint8))
    writer.release()


def _match_still(reference, query):
    flow = np.zeros((*reference.shape[:2], 2), np.float32)
    return Match(reference, query, flow, flow[..., 0] + 1)


def test_successive_frames_become_a_video(tmp_path):
    _write_video(tmp_path / "in.mp4", 4)
    path = tmp_path / "out.mp4"
    assert video.match_video(_match_still, tmp_path / "in.mp4", path) == 3
    capture = cv2.VideoCapture(str(path))
    assert capture.get(cv2.CAP_PROP_FPS) == 10
    frames = list(video._read_frames(capture))
    assert [frame.shape for frame in frames] == [(48, 124, 3)] * 3
    # White: the flow is zero.
    assert frames[0][:, 70:].min() > 240


def test_a_single_frame_is_no_video(tmp_path):
    _write_video(tmp_path / "in.mp4", 1)
    with pytest.raises(ValueError, match="must have two frames"):
        video.match_video(
            _match_still, tmp_path / "in.mp4", tmp_path / "out.mp4"
        )
    assert os.listdir(tmp_path) == ["in.mp4"]


def test_a_file_that_is_no_video(tmp_path):
    (tmp_path / "in.mp4").write_bytes(b"text")
    with pytest.raises(ValueError, match="must have two frames"):
        video.match_video(
            _match_still, tmp_path / "in.mp4", tmp_path / "out.mp4"
        )
    assert os.listdir(tmp_path) == ["in.mp4"]


def test_a_missing_video(tmp_path):
    with pytest.raises(ValueError, match="there is no such file"):
        video.match_video(
            _match_still, tmp_path / "in.mp4", tmp_path / "out.mp4"
        )
