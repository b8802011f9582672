"""Matches the successive frames of a video."""

import contextlib
import os

import cv2
import numpy as np

from gocor_tf import progress, visualization
from gocor_tf.data import atomic

_CODEC = "mp4v"
_DEFAULT_RATE = 25.0
# How fast the scale of the flow's colours follows a calmer scene.
_CALM = 0.95


def match_video(matcher, path, output_path):
    """Matches each frame with the next and writes a video of the overlays.

    A frame of it shows, side by side, the overlay of a frame with the warped
    next one and the flow between the two.

    Args:
        matcher: a `Matcher`.
        path: video file.
        output_path: `.mp4` file; it appears whole or not at all.

    Returns:
        The number of frames written.

    Raises:
        ValueError: if the video cannot be read or has fewer than two frames.
    """
    with (
        _open(path) as capture,
        atomic.atomic_path(output_path) as temporary,
        contextlib.ExitStack() as stack,
    ):
        frames = _read_frames(capture)
        reference = next(frames, None)
        writer, number, motion = None, 0, 0.0
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) - 1
        for query in progress.track(frames, "matching", count):
            match = matcher(reference, query)
            picture, motion = _draw(match, motion)
            if writer is None:
                writer = _create_writer(temporary, capture, picture)
                stack.callback(writer.release)
            writer.write(picture[..., ::-1])
            reference, number = query, number + 1
        if number == 0:
            raise ValueError(
                f"Cannot match video '{path}': it must have two frames that "
                "OpenCV can read."
            )
    return number


def _draw(match, motion):
    """Returns a picture of even size, and the flow's scale for the next."""
    longest = np.percentile(np.linalg.norm(match.flow, axis=-1), 99)
    motion = max(float(longest), _CALM * motion)
    overlay = visualization.overlay(
        match.reference, match.warp(match.query), match.confidence
    )
    flow = visualization.flow_to_color(match.flow, motion)
    picture = np.hstack([overlay, flow])
    even = [length + length % 2 for length in picture.shape[:2]]
    margins = [
        (0, new - old) for new, old in zip(even, picture.shape, strict=False)
    ]
    return np.pad(picture, (*margins, (0, 0))), motion


def _create_writer(path, capture, picture):
    rate = capture.get(cv2.CAP_PROP_FPS)
    writer = cv2.VideoWriter(
        path,
        cv2.VideoWriter_fourcc(*_CODEC),
        rate if rate > 0 else _DEFAULT_RATE,
        picture.shape[1::-1],
    )
    if not writer.isOpened():
        raise ValueError(
            f"Cannot write a video of {picture.shape[1]} x "
            f"{picture.shape[0]} pixels: use --size or smaller frames."
        )
    return writer


def _read_frames(capture):
    while True:
        found, frame = capture.read()
        if not found:
            return
        yield np.ascontiguousarray(frame[..., ::-1])


@contextlib.contextmanager
def _open(path):
    if not os.path.isfile(path):
        raise ValueError(f"Cannot read video '{path}': there is no such file.")
    capture = cv2.VideoCapture(path)
    try:
        yield capture
    finally:
        capture.release()
