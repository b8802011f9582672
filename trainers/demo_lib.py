"""What the page of gocor-demo computes: files in, pictures and files out."""

import os
import tempfile

import cv2
import numpy as np

from gocor_tf import visualization
from gocor_tf.data import flow_io, photographs

from . import video

_NUM_LINES_PER_SIDE = 12
# Browsers do not play the codec that `match_video` writes.
_BROWSER_CODEC = "VP80"


def match_files(matcher, reference, query):
    """Matches two uploaded image files.

    Args:
        matcher: a `Matcher`.
        reference: path, or None where nothing was uploaded.
        query: the same.

    Returns:
        A `Match`.

    Raises:
        ValueError: if a file is missing or cannot be used.
    """
    return matcher(
        _read_upload(reference, "reference"), _read_upload(query, "query")
    )


def _read_upload(path, role):
    if path is None:
        raise ValueError(f"Choose an image as the {role} first.")
    with open(path, "rb") as file:
        data = file.read()
    # The name that the user knows, not that of the server's copy.
    return photographs.decode_image(data, f"{role} '{os.path.basename(path)}'")


def draw(match, min_confidence):
    """Draws what the page shows of a match.

    Args:
        match: a `Match`.
        min_confidence: pixels below it are black in the warped query, and
            have no lines.

    Returns:
        Dict of `(height, width, 3)` uint8 RGB pictures: "warped", "flow",
        "confidence" and "matches".
    """
    pictures = match.pictures()
    warped = pictures["warped"].copy()
    warped[match.confidence < min_confidence] = 0
    return {
        "warped": warped,
        "flow": pictures["flow"],
        "confidence": pictures["confidence"],
        "matches": _draw_lines(match, min_confidence),
    }


def _draw_lines(match, min_confidence):
    spacing = max(1, max(match.flow.shape[:2]) // _NUM_LINES_PER_SIDE)
    reference_points, query_points, _ = match.keypoints(
        min_confidence, spacing=spacing
    )
    return visualization.draw_matches(
        match.reference, match.query, reference_points, query_points
    )


def describe(match, min_confidence):
    """Sums up a match in a line of words."""
    share = 100 * np.mean(match.confidence >= min_confidence)
    motion = np.median(np.linalg.norm(match.flow, axis=-1))
    return (
        f"{share:.0f} % of the pixels have a confidence of at least "
        f"{min_confidence:.2f}. Median motion: {motion:.1f} px."
    )


def write_flow(match, folder):
    """Writes the flow into a new folder.

    Args:
        match: a `Match`.
        folder: an existing folder, in which the new one is made.

    Returns:
        Path of the `.flo` file.
    """
    path = os.path.join(tempfile.mkdtemp(dir=folder), "flow.flo")
    flow_io.write_flo(path, match.flow)
    return path


def match_video(matcher, path, folder):
    """Matches the successive frames of an uploaded video.

    Args:
        matcher: a `Matcher`.
        path: of the video, or None where nothing was uploaded.
        folder: an existing folder, in which a new one is made.

    Returns:
        Path of a `.webm` video of overlays and flows, which browsers play.

    Raises:
        ValueError: if the video is missing or cannot be used.
    """
    if path is None:
        raise ValueError("Choose a video first.")
    result = os.path.join(tempfile.mkdtemp(dir=folder), "overlay.mp4")
    try:
        video.match_video(matcher, path, result)
    except ValueError as error:
        text = str(error).replace(path, os.path.basename(path))
        raise ValueError(text) from error
    return _convert_for_browsers(result)


def _convert_for_browsers(path):
    capture = cv2.VideoCapture(path)
    size = [
        int(capture.get(side))
        for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    ]
    converted = os.path.splitext(path)[0] + ".webm"
    writer = cv2.VideoWriter(
        converted,
        cv2.VideoWriter_fourcc(*_BROWSER_CODEC),
        capture.get(cv2.CAP_PROP_FPS),
        size,
    )
    found, frame = capture.read()
    while found:
        writer.write(frame)
        found, frame = capture.read()
    writer.release()
    capture.release()
    os.remove(path)
    return converted
