"""Pictures of flows and matches, as `(height, width, 3)` uint8 RGB arrays.

The colour wheel is the one of S. Baker et al., "A Database and Evaluation
Methodology for Optical Flow", IJCV 2011: hue is direction, saturation is
length.
"""

import cv2
import numpy as np

from gocor_tf.bands import bands

# Steps from each hue of the wheel to the next: red, yellow, green, cyan, blue,
# magenta, and back to red. More steps where the eye separates more hues.
_WHEEL_HUES = np.array(
    [[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1]],
    np.float32,
)
_WHEEL_STEPS = (15, 6, 4, 11, 13, 6)
_UNKNOWN_MOTION = 1e9
_TRUSTED = 0.5
_MARGIN = 8
_CAPTION_HEIGHT = 30


def flow_to_color(flow, max_motion=None):
    """Paints a flow with the colour wheel: white is no motion.

    Args:
        flow: `(height, width, 2)`, in px. NaN and values beyond 1e9 are
            unknown and painted black.
        max_motion: length of full saturation, in px; longer vectors are
            darkened. None: the 99th percentile of the lengths.

    Returns:
        `(height, width, 3)` uint8 RGB.
    """
    flow = np.asarray(flow, np.float32)
    if max_motion is None:
        length = np.linalg.norm(flow, axis=-1)[_is_known(flow)]
        max_motion = np.percentile(length, 99) if length.size else 1.0
    picture = np.empty((*flow.shape[:2], 3), np.uint8)
    for rows in bands(flow.shape[:2]):
        picture[rows] = _paint(flow[rows], float(max_motion))
    return picture


def _is_known(flow):
    return (np.abs(flow) < _UNKNOWN_MOTION).all(-1)


def _paint(flow, max_motion):
    known = _is_known(flow)
    flow = np.where(known[..., None], flow, 0)
    length = np.linalg.norm(flow, axis=-1)
    saturation = (length / max(max_motion, 1e-6))[..., None]
    hue = _wheel_color(flow)
    inside = 1 - saturation * (1 - hue)
    color = np.where(saturation <= 1, inside, 0.75 * hue)
    return _to_uint8(255 * color * known[..., None])


def _wheel_color(flow):
    following = np.roll(_WHEEL_HUES, -1, axis=0)
    wheel = np.concatenate(
        [
            start + (end - start) * np.arange(steps)[:, None] / steps
            for start, end, steps in zip(
                _WHEEL_HUES, following, _WHEEL_STEPS, strict=True
            )
        ]
    ).astype(np.float32)
    turn = np.arctan2(-flow[..., 1], -flow[..., 0]) / np.pi
    position = (turn + 1) / 2 * (len(wheel) - 1)
    below = np.floor(position).astype(np.int32)
    share = (position - below)[..., None]
    above = (below + 1) % len(wheel)
    return (1 - share) * wheel[below] + share * wheel[above]


def confidence_to_color(confidence):
    """Paints a confidence map: dark blue is 0, yellow is 1.

    Args:
        confidence: `(height, width)` in [0, 1].

    Returns:
        `(height, width, 3)` uint8 RGB.
    """
    levels = _to_uint8(255 * np.asarray(confidence, np.float32))
    bgr = cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS)
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def overlay(reference, warped, confidence):
    """Shows how well the warped query covers the reference.

    Where the confidence is 0.5 or more the reference gives the red channel
    and the warped query green and blue: aligned edges are grey, misaligned
    ones have a red or cyan fringe. Below, it fades to the reference in the
    dark. The query's brightness and contrast are first brought to those of
    the reference.

    Args:
        reference: `(height, width, 3)` uint8 RGB.
        warped: the query seen from the reference, of the same shape.
        confidence: `(height, width)` in [0, 1].

    Returns:
        `(height, width, 3)` uint8 RGB.
    """
    luminance = cv2.cvtColor(reference, cv2.COLOR_RGB2GRAY).astype(np.float32)
    covered = cv2.cvtColor(warped, cv2.COLOR_RGB2GRAY).astype(np.float32)
    trust = np.minimum(1, np.asarray(confidence, np.float32) / _TRUSTED)
    covered = _match_exposure(covered, luminance, trust)
    picture = np.empty_like(reference)
    for rows in bands(trust.shape):
        other = covered[rows]
        fused = np.stack([luminance[rows], other, other], axis=-1)
        dark = 0.35 * luminance[rows, :, None]
        fused = dark + trust[rows, :, None] * (fused - dark)
        picture[rows] = _to_uint8(fused)
    return picture


def _match_exposure(values, example, weights):
    """Returns values with the weighted mean and deviation of the example."""
    total = weights.sum() + 1e-6
    mean, example_mean = (
        (weights * v).sum() / total for v in (values, example)
    )
    deviation = np.sqrt((weights * (values - mean) ** 2).sum() / total)
    example_deviation = np.sqrt(
        (weights * (example - example_mean) ** 2).sum() / total
    )
    gain = example_deviation / max(deviation, 1.0)
    return (values - mean) * gain + example_mean


def draw_matches(reference, query, reference_points, query_points):
    """Draws both images side by side and a line for each match.

    Args:
        reference: `(height, width, 3)` uint8 RGB, drawn on the left.
        query: the same of any size, drawn on the right.
        reference_points: `(number, 2)` xy in reference px.
        query_points: `(number, 2)` xy in query px.

    Returns:
        uint8 RGB picture, as high as the higher image. A line's colour tells
        where in the reference it starts.
    """
    height = max(reference.shape[0], query.shape[0])
    left = _pad_to_height(reference, height)
    gap = np.full((height, _MARGIN, 3), 255, np.uint8)
    picture = np.hstack([left, gap, _pad_to_height(query, height)])
    offset = np.array([reference.shape[1] + _MARGIN, 0])
    centre = np.array([reference.shape[1] - 1, reference.shape[0] - 1]) / 2
    colors = flow_to_color((reference_points - centre)[None])[0]
    thickness = max(1, round(height / 400))
    for start, end, color in zip(
        reference_points, query_points + offset, colors, strict=True
    ):
        start, end = (
            tuple(np.rint(p).astype(int).tolist()) for p in (start, end)
        )
        color = tuple(color.tolist())
        cv2.line(picture, start, end, color, thickness, cv2.LINE_AA)
        for point in (start, end):
            cv2.circle(picture, point, 3 * thickness, color, -1, cv2.LINE_AA)
    return picture


def page(rows, width=1200):
    """Arranges pictures with captions on a white page.

    Args:
        rows: list of dicts of caption -> uint8 RGB picture. The pictures of a
            row get one height and together fill the width.
        width: of the page, in px.

    Returns:
        uint8 RGB picture.
    """
    strips = [_row(row, width) for row in rows]
    return np.pad(
        np.vstack(strips), ((0, _MARGIN), (0, 0), (0, 0)), constant_values=255
    )


def _row(pictures, width):
    aspects = [p.shape[1] / p.shape[0] for p in pictures.values()]
    room = width - _MARGIN * (len(pictures) + 1)
    height = max(1, round(min(room / sum(aspects), width)))
    strip = np.full((_CAPTION_HEIGHT + height, width, 3), 255, np.uint8)
    left = _MARGIN
    for (caption, picture), aspect in zip(
        pictures.items(), aspects, strict=True
    ):
        right = min(left + max(1, round(height * aspect)), width - _MARGIN)
        strip[_CAPTION_HEIGHT:, left:right] = cv2.resize(
            picture, (right - left, height), interpolation=cv2.INTER_AREA
        )
        _write_caption(strip, caption, left)
        left = right + _MARGIN
    return strip


def _write_caption(strip, caption, left):
    cv2.putText(
        strip,
        caption,
        (left, _CAPTION_HEIGHT - 9),
        cv2.FONT_HERSHEY_SIMPLEX,
        0.6,
        (40, 40, 40),
        1,
        cv2.LINE_AA,
    )


def _pad_to_height(picture, height):
    missing = height - picture.shape[0]
    return np.pad(picture, ((0, missing), (0, 0), (0, 0)), constant_values=255)


def _to_uint8(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
