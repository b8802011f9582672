"""Frames of a video, all matched with one of them (spec 5.13)."""

import os

import cv2
import numpy as np

from gocor_tf.data.evaluation_sets.padding import pad_to_common_size
from gocor_tf.data.evaluation_sets.samples import make_sample
from gocor_tf.data.photographs import read_image

_EXTENSIONS = (".png", ".jpg", ".jpeg")


class VideoFrames:
    """Pairs of a fixed reference frame and each frame of a range as query.

    The reference frame is kept. A video file is read in order: asking for an
    earlier frame than the last one reads it from its start again, so ask in
    ascending order.

    Convention:
        Frames count from 0, those of a folder in the order of their names.
        Images are padded at the bottom and the right to a common size. Nothing
        is known of the flow.

    Args:
        path: folder of PNG and JPEG files, or video file.
        middle: number of the reference frame; None: half way in the range.
        start: number of the first query frame.
        end: number after the last one; None: that of the frames.

    Raises:
        ValueError: if there are no frames, or not those asked for.

    Example:
    ```python
    pairs = VideoFrames("frames", start=10, end=20)
    sample = pairs[0]  # frame 15 as reference, frame 10 as query
    ```
    """

    def __init__(self, path, middle=None, start=0, end=None):
        path = os.fspath(path)
        self._frames = _Folder(path) if os.path.isdir(path) else _Video(path)
        number = len(self._frames)
        end = number if end is None else end
        if not 0 <= start < end <= number:
            raise ValueError(
                f"`start` and `end` must be in order and in 0..{number}, the "
                f"number of frames of '{path}'. Received: start={start}, "
                f"end={end}"
            )
        middle = start + (end - start) // 2 if middle is None else middle
        if not 0 <= middle < number:
            raise ValueError(
                f"`middle` must be one of the {number} frames of '{path}'. "
                f"Received: middle={middle}"
            )
        self._reference = self._frames.read(middle)
        self._numbers = range(start, end)
        self.names = [f"frame_{number:06d}" for number in self._numbers]

    def __len__(self):
        return len(self._numbers)

    def __getitem__(self, index):
        query = self._frames.read(self._numbers[index])
        reference, query = pad_to_common_size(self._reference, query)
        return make_sample(self.names[index], "video", reference, query)


class _Folder:
    """Image files in the order of their names."""

    def __init__(self, path):
        self._paths = [
            os.path.join(path, name)
            for name in sorted(os.listdir(path))
            if name.lower().endswith(_EXTENSIONS)
        ]
        if not self._paths:
            raise ValueError(
                f"'{path}' must hold frames as PNG or JPEG files. "
                "Received: none"
            )

    def __len__(self):
        return len(self._paths)

    def read(self, number):
        return read_image(self._paths[number])


class _Video:
    """Video file, decoded in order because seeking may miss the frame."""

    def __init__(self, path):
        self._path = path
        self._open()
        while self._capture.grab():
            self._next += 1
        self._count = self._next
        if not self._count:
            raise ValueError(
                f"Cannot read video '{path}': it is missing, or has no frame "
                "that OpenCV can read."
            )

    def __len__(self):
        return self._count

    def read(self, number):
        if number < self._next:
            self._open()
        frame = None
        while self._next <= number:
            frame = self._capture.read()[1]
            self._next += 1
        if frame is None:
            raise ValueError(
                f"Cannot read frame {number} of video '{self._path}': it has "
                "changed since it was opened."
            )
        return np.ascontiguousarray(frame[..., ::-1])

    def _open(self):
        self._capture = cv2.VideoCapture(self._path)
        self._next = 0
