"""The worst and the best pairs, one HTML file that opens offline."""

import base64
import heapq
import html

import cv2
import numpy as np

from gocor_tf import visualization
from gocor_tf.data import atomic
from gocor_tf.match import Match

from . import scoring

_WIDTH = 240
_QUALITY = 85
# Of the picture of errors: what is drawn in the strongest colour, in px.
_LARGEST_ERROR = 10.0
# Colours of matches, and of the lines between them.
_TRUE, _FOUND, _BETWEEN = (0, 200, 0), (230, 0, 0), (255, 220, 0)
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:1300px;"
    "padding:0 1em;color:#1a1a1a}"
    "table{border-collapse:collapse;margin:1em 0}"
    "td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #ddd}"
    "td:first-child,th:first-child{text-align:left}"
    "figure{display:inline-block;margin:0 .5em 1em 0;vertical-align:top}"
    "figcaption{font-size:13px;color:#555}"
    "img{max-width:100%;display:block}"
)


class Extremes:
    """Which pairs are worst and best, while their records pass by.

    Args:
        metric: of the records.
        rising: whether more of it is worse.
        number: of pairs at each end.
    """

    def __init__(self, metric, rising, number):
        self._metric = metric
        self._sign = 1.0 if rising else -1.0
        self._number = number
        self._worst, self._best = [], []

    def update(self, index, record):
        """Looks at a pair.

        Args:
            index: of the pair.
            record: see `scoring`.
        """
        score = record.get(self._metric)
        if score is None:
            return
        for heap, sign in (
            (self._worst, self._sign),
            (self._best, -self._sign),
        ):
            heapq.heappush(heap, (sign * score, -index, score))
            if len(heap) > self._number:
                heapq.heappop(heap)

    def result(self):
        """Returns the worst and the best pairs, extreme first.

        Returns:
            Two lists of (index, score). No pair is in both.
        """
        worst, best = (
            [(-index, score) for _, index, score in sorted(heap, reverse=True)]
            for heap in (self._worst, self._best)
        )
        shown = {index for index, _ in worst}
        return worst, [pair for pair in best if pair[0] not in shown]


def write_page(path, title, tables, curves, sections):
    """Writes the page.

    Args:
        path: name of the file.
        title: of the page.
        tables: lists of rows, lists of text.
        curves: dict, name -> PNG file, bytes.
        sections: dict, heading -> iterable of (caption, pictures), pictures
            a dict of label -> `(height, width, 3)` uint8 RGB.
    """
    with (
        atomic.atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8") as file,
    ):
        file.write(
            '<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>{html.escape(title)}</title><style>{_STYLE}</style>\n"
            f"<h1>{html.escape(title)}</h1>\n"
        )
        for rows in tables:
            file.write(_to_table(rows))
        for name, png in curves.items():
            file.write(_to_figure(name, png, "png"))
        for heading, pairs in sections.items():
            file.write(f"<h2>{html.escape(heading)}</h2>\n")
            for caption, pictures in pairs:
                file.write(f"<h3>{html.escape(caption)}</h3>\n")
                for label, picture in pictures.items():
                    file.write(_to_figure(label, _to_jpeg(picture), "jpeg"))
        file.write("</html>\n")


def draw_pair(sample, estimate):
    """Draws a pair and its answer.

    Args:
        sample: dict of `gocor_tf.data.evaluation_sets.samples`.
        estimate: `Estimate`.

    Returns:
        Dict, label -> `(height, width, 3)` uint8 RGB.
    """
    reference, query = sample["reference"], sample["query"]
    flow = np.asarray(estimate.flow, np.float32)
    match = Match(reference, query, flow, estimate.confidence)
    truth = sample["flow"] if sample["points"] is None else None
    # The length that has full colour, in both flows.
    motion = None if truth is None else _find_motion(truth)
    drawn = {
        "reference": reference,
        "query": query,
        "query seen from the reference": match.warp(query),
        "flow": visualization.flow_to_color(flow, motion),
    }
    if estimate.confidence is not None:
        drawn["confidence"] = visualization.confidence_to_color(
            estimate.confidence
        )
    if truth is not None:
        drawn["true flow"] = visualization.flow_to_color(truth, motion)
        drawn[f"error, 0 to {_LARGEST_ERROR:g} px; grey: not known"] = (
            _draw_errors(flow, truth)
        )
    if sample["points"] is not None:
        drawn["known points: true match green, found red"] = _draw_points(
            sample, flow
        )
    if sample["masks"] is not None:
        drawn["object: true green, found red, both yellow"] = _draw_masks(
            sample, match
        )
    return drawn


def _find_motion(truth):
    """Returns the longest true flow, but for 1 %; at least 1 px."""
    lengths = np.linalg.norm(truth, axis=-1)
    lengths = lengths[np.isfinite(lengths)]
    return max(1.0, np.percentile(lengths, 99)) if lengths.size else None


def _draw_errors(flow, truth):
    error = np.linalg.norm(flow - truth, axis=-1)
    known = np.isfinite(error)
    level = np.clip(np.nan_to_num(error) / _LARGEST_ERROR, 0, 1)
    colors = visualization.confidence_to_color(level)
    return np.where(known[..., None], colors, 128).astype(np.uint8)


def _draw_points(sample, flow):
    """Draws where points should go and do go, in the query."""
    picture = sample["query"].copy()
    points = sample["points"]
    found = points + scoring.sample_at(flow, points)
    true = points + sample["flow"]
    size = max(2, max(picture.shape[:2]) // 150)
    for start, end in zip(_to_pixels(true), _to_pixels(found), strict=True):
        cv2.line(picture, start, end, _BETWEEN, max(1, size // 2))
        cv2.circle(picture, end, size, _FOUND, -1)
        cv2.circle(picture, start, size, _TRUE, -1)
    return picture


def _draw_masks(sample, match):
    """Draws the reference's object and what becomes of the query's."""
    reference_mask, query_mask = sample["masks"]
    carried = match.warp(np.uint8(255) * query_mask[..., None].repeat(3, -1))
    picture = sample["reference"] // 2
    picture[reference_mask, 1] += 127
    picture[carried[..., 0] > 127, 0] += 127
    return picture


def _to_pixels(points):
    limit = 1e5  # OpenCV draws nothing sensible beyond 16 bits.
    rounded = np.rint(np.clip(points, -limit, limit)).astype(int)
    return [tuple(map(int, point)) for point in rounded]


def _to_jpeg(picture):
    height, width = picture.shape[:2]
    size = _WIDTH, max(1, round(height * _WIDTH / width))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(
        ".jpg",
        np.ascontiguousarray(small[..., ::-1]),
        [cv2.IMWRITE_JPEG_QUALITY, _QUALITY],
    )[1].tobytes()


def _to_figure(caption, data, kind):
    encoded = base64.b64encode(data).decode()
    text = html.escape(caption)
    return (
        f'<figure><img alt="{text}" src="data:image/{kind};base64,{encoded}">'
        f"<figcaption>{text}</figcaption></figure>\n"
    )


def _to_table(rows):
    lines = []
    for number, row in enumerate(rows):
        tag = "td" if number else "th"
        cells = "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in row)
        lines.append(f"<tr>{cells}</tr>")
    return f"<table>{''.join(lines)}</table>\n"
