"""The match of two photographs, its keypoints and its files."""

import csv
import io
import os

import keras
import numpy as np

from gocor_tf import views, visualization
from gocor_tf.bands import bands
from gocor_tf.data import atomic, flow_io
from gocor_tf.data import pictures as picture_files
from gocor_tf.ops.warp import warp

COLUMNS = ("x_reference", "y_reference", "x_query", "y_query", "confidence")
_LINES_PER_SIDE = 12


class Match:
    """What a `Matcher` found for one pair.

    Attributes:
        reference: `(height, width, 3)` uint8 RGB.
        query: `(query_height, query_width, 3)` uint8 RGB.
        flow: `(height, width, 2)` float32 on the reference grid, in pixels of
            the query.
        confidence: `(height, width)` float32 in [0, 1].
    """

    def __init__(self, reference, query, flow, confidence):
        self.reference = reference
        self.query = query
        self.flow = flow
        self.confidence = confidence

    def warp(self, query):
        """Shows the query, or an image aligned with it, from the reference.

        Args:
            query: `(query_height, query_width, 3)` uint8 RGB, or a path.

        Returns:
            `(height, width, 3)` uint8 RGB, black where the match lies outside
            the query.

        Raises:
            ValueError: if its size is not that of the query.
        """
        query = picture_files.to_image(query, "query")
        if query.shape != self.query.shape:
            raise ValueError(
                f"`query` must have the shape {self.query.shape} of the image "
                f"that was matched. Received: query.shape={query.shape}"
            )
        values = keras.ops.convert_to_tensor(query[None], "float32")
        warped = np.empty((*self.flow.shape[:2], 3), np.uint8)
        for rows in bands(self.flow.shape[:2]):
            flow = self.flow[rows] + np.float32([0, rows.start])
            band = keras.ops.convert_to_numpy(warp(values, flow[None]))[0]
            warped[rows] = np.clip(np.rint(band), 0, 255)
        return warped

    def keypoints(self, min_confidence=0.5, max_number=2000, spacing=4):
        """Returns matches that keep a distance, the surest first.

        A pixel is kept if no other within `spacing` is surer: non-maximum
        suppression (spec models.md, 9.5). Of equals, one is kept.

        Args:
            min_confidence: matches below it are left out, as are those
                outside the query.
            max_number: how many to keep at most; None: all.
            spacing: smallest distance along x or y between two matches, in
                px.

        Returns:
            Reference xy `(number, 2)`, query xy `(number, 2)` and confidence
            `(number,)`, all float32.

        Raises:
            ValueError: if `spacing` is below 1.
        """
        if spacing < 1:
            raise ValueError(
                f"`spacing` must be > 0. Received: spacing={spacing}"
            )
        y, x = np.nonzero(
            (self.confidence >= min_confidence)
            & _is_maximum(self.confidence, spacing)
        )
        reference_points = np.stack([x, y], axis=-1).astype(np.float32)
        query_points = reference_points + self.flow[y, x]
        confidence = self.confidence[y, x]
        kept = np.flatnonzero(self._is_inside(query_points))
        order = np.argsort(-confidence[kept], kind="stable")
        kept = kept[order[:max_number]]
        return reference_points[kept], query_points[kept], confidence[kept]

    def save(self, output_dir, pictures=None):
        """Writes the match and its pictures.

        Files: `flow.flo`; `flow.png`, the flow in the colours of the wheel;
        `confidence.png`, grey, 255 is 1; `warped.png`, the query seen from the
        reference; `overlay.png`, both where the match is trusted;
        `matches.csv`, the keypoints. Each appears whole or not at all.

        Args:
            output_dir: folder, created if it does not exist.
            pictures: what `pictures` returned; None: they are drawn anew.

        Raises:
            ValueError: if the folder cannot be made or written to.
        """
        try:
            os.makedirs(output_dir, exist_ok=True)
        except OSError as error:
            raise ValueError(
                f"Cannot write to folder '{output_dir}': {error.strerror}. "
                "Choose another one."
            ) from error
        _write_keypoints(
            os.path.join(output_dir, "matches.csv"), *self.keypoints()
        )
        flow_io.write_flo(os.path.join(output_dir, "flow.flo"), self.flow)
        grey = np.rint(255 * self.confidence).astype(np.uint8)
        pictures = {**(pictures or self.pictures()), "confidence": grey}
        for name, picture in pictures.items():
            picture_files.write_png(
                os.path.join(output_dir, f"{name}.png"), picture
            )

    def pictures(self):
        """Draws the match.

        Returns:
            Dict of `(height, width, 3)` uint8 RGB: "warped", "flow",
            "confidence" and "overlay".
        """
        warped = self.warp(self.query)
        return {
            "warped": warped,
            "flow": visualization.flow_to_color(self.flow, self._motion()),
            "confidence": visualization.confidence_to_color(self.confidence),
            "overlay": visualization.overlay(
                self.reference, warped, self.confidence
            ),
        }

    def summary(self, pictures=None):
        """Draws images, lines and all `pictures` on one uint8 RGB page.

        Args:
            pictures: what `pictures` returned; None: they are drawn anew.
        """
        spacing = max(1, max(self.flow.shape[:2]) // _LINES_PER_SIDE)
        reference_points, query_points, _ = self.keypoints(spacing=spacing)
        lines = visualization.draw_matches(
            self.reference, self.query, reference_points, query_points
        )
        pictures = pictures or self.pictures()
        return visualization.page(
            [
                {"reference (left), query (right), matches": lines},
                {
                    "query seen from the reference": pictures["warped"],
                    "overlay: grey where aligned": pictures["overlay"],
                },
                {
                    "flow": pictures["flow"],
                    "confidence": pictures["confidence"],
                },
            ]
        )

    def _motion(self):
        """Returns the longest flow, but for 1 %, that ends in the query."""
        height, width = self.flow.shape[:2]
        lengths = []
        for rows in bands((height, width)):
            flow = self.flow[rows]
            grid = views.box_grid((rows, slice(0, width)))
            inside = self._is_inside(grid + flow)
            lengths.append(np.linalg.norm(flow, axis=-1)[inside])
        length = np.concatenate(lengths)
        return np.percentile(length, 99) if length.size else None

    def _is_inside(self, query_points):
        limits = np.array(self.query.shape[1::-1]) - 1
        return ((query_points >= 0) & (query_points <= limits)).all(-1)


def _is_maximum(confidence, spacing):
    """Whether a pixel is the surest of those closer than `spacing`."""
    # Ranks instead of values, so that equals do not all win; shuffled, so that
    # they do not line up.
    order = np.arange(confidence.size, dtype=np.int32)
    np.random.default_rng(0).shuffle(order)
    order = order[np.argsort(confidence.ravel()[order], kind="stable")]
    ranks = np.empty(confidence.size, np.int32)
    ranks[order] = np.arange(confidence.size, dtype=np.int32)
    del order
    ranks = ranks.reshape(confidence.shape)
    highest = np.pad(ranks, spacing - 1)
    for _ in range(2):
        highest = _sliding_maximum(highest, 2 * spacing - 1).T
    return ranks == highest


def _sliding_maximum(values, length):
    """Returns the maximum of every so many successive rows."""
    # Twice as many at each step: windows are long where images are large.
    seen = 1
    while seen < length:
        step = min(seen, length - seen)
        values = np.maximum(values[:-step], values[step:])
        seen += step
    return values


def _write_keypoints(path, reference_points, query_points, confidence):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    table = np.column_stack([reference_points, query_points, confidence])
    writer.writerows([f"{value:.3f}" for value in row] for row in table)
    atomic.write_bytes(path, text.getvalue().encode())
