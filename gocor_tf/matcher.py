"""Two photographs in, a flow with its confidence out."""

import dataclasses
import math
import numbers

import numpy as np

from gocor_tf import passes, progress, stages, working_size
from gocor_tf.compiled import CompiledNetwork, is_compact
from gocor_tf.data import pictures
from gocor_tf.match import Match
from gocor_tf.models import load_model

# Networks work at 256 x 256 at least.
_FEWEST_PIXELS = 256**2


class Matcher:
    """Finds for each pixel of a photograph its match in another one.

    ```python
    matcher = gocor_tf.Matcher()
    match = matcher("reference.jpg", "query.jpg")
    match.save("out/")
    ```

    The confidence of PDC-Net, and so of the embedded default, is the
    probability that both components of the flow are right to within its
    `radius`, in pixels of the query: five for the default, one as published.
    The mode "alignment" lowers it where the flow is not smooth, as at the
    borders of moving things (`gocor_tf.smoothness`). If a network gives none,
    it runs in both directions, and the match gets that of
    `consistency.forward_backward_confidence`: 0.5 where the way to the query
    and back ends one pixel of a 256 x 256 image away, 0 where the match lies
    outside the query.

    A pair of more than `max_pixels` is seen in overlapping tiles, each with
    its part of the query, after it was seen whole and shrunk; where tiles
    overlap, their answers are blended. So memory is limited and no detail is
    lost, also with networks that work at 256 x 256: their tiles have that
    size.

    Args:
        model: network of the family; None: the embedded default.
        size: `(height, width)` to stretch both images to before they are
            matched; None: their own. The answer is at the original size
            either way.
        mode: passes over a pair, see `stages.match`: "direct", "homography",
            "multi_scale" or "alignment". None: "alignment" for networks with
            the compact pyramid, such as the embedded default, whose passes
            are cheap, and "direct" for others.
        num_iterations: of GOCor's layers, see the network; None: its own.
        batch_size: successive pairs of lists that go through the network
            together where their images' sizes are equal, to fill a GPU.
            More than 1 needs the mode "direct".
        max_pixels: number of pixels of an image that goes through the network
            at once, 65536 or more. `math.inf`: all. None: as many as need
            little memory, 2^21 for networks that have the compact pyramid or
            work at 256 x 256, 2^20 for others, and half of that for those
            that run in both directions.

    Raises:
        ValueError: if an argument is none of these.
    """

    def __init__(
        self,
        model=None,
        size=None,
        mode=None,
        num_iterations=None,
        batch_size=1,
        max_pixels=None,
    ):
        if size is not None and (len(size) != 2 or min(size) < 1):
            raise ValueError(
                "`size` must be (height, width), both > 0. "
                f"Received: size={size}"
            )
        if mode is not None and mode not in stages.MODES:
            raise ValueError(
                f"`mode` must be one of {stages.MODES}. Received: mode={mode!r}"
            )
        if max_pixels is not None and not _is_limit(max_pixels):
            raise ValueError(
                f"`max_pixels` must be an integer >= {_FEWEST_PIXELS}, or "
                f"`math.inf`. Received: max_pixels={max_pixels!r}"
            )
        self.model = load_model("default") if model is None else model
        self.size = size
        if mode is None:
            mode = "alignment" if is_compact(self.model) else "direct"
        if batch_size < 1 or (batch_size > 1 and mode != "direct"):
            raise ValueError(
                "`batch_size` must be > 0, and 1 unless the mode is 'direct'. "
                f"Received: batch_size={batch_size}, mode={mode!r}"
            )
        self.mode = mode
        self.num_iterations = num_iterations
        self.batch_size = batch_size
        self._network = CompiledNetwork(self.model, num_iterations)
        self.max_pixels = max_pixels or self._network.max_pixels
        self._matching = passes.Matching(
            run=self._look,
            run_coarse=self._glance,
            trust=self._network.trust,
            coarse_features=self._network.coarse_features,
            seen_side=self._network.seen_side,
            max_pixels=self.max_pixels,
        )

    def __call__(self, reference, query):
        """Matches one pair or, given two lists, many.

        Args:
            reference: `(height, width, 3)` uint8 RGB, a path, or a list of
                either.
            query: the same; sizes may differ.

        Returns:
            A `Match`, or a list of them.

        Raises:
            ValueError: for an image that cannot be used, and for lists of
                different length.
        """
        are_lists = [isinstance(x, (list, tuple)) for x in (reference, query)]
        if not any(are_lists):
            return self._match(
                pictures.to_image(reference, "reference"),
                pictures.to_image(query, "query"),
            )
        if not all(are_lists) or len(reference) != len(query):
            raise ValueError(
                "`reference` and `query` must both be single images or lists "
                f"of one length. Received: reference={_describe(reference)}, "
                f"query={_describe(query)}"
            )
        pairs = progress.track(
            zip(reference, query, strict=True), "matching", len(query)
        )
        if self.batch_size == 1:
            return [self(*pair) for pair in pairs]
        return [
            match
            for group in _group(pairs, self.batch_size)
            for match in self._match_group(*group)
        ]

    def _match(self, reference, query):
        stretch = working_size.stretch_to(self.size, reference, query)
        flow, confidence = stages.match(
            self._stretched(stretch), self.mode, *stretch.show(reference, query)
        )
        return _bring_back(reference, query, stretch, flow, confidence)

    def _match_group(self, references, queries):
        """Matches pairs of equal sizes in one pass."""
        pairs = list(zip(references, queries, strict=True))
        stretch = working_size.stretch_to(self.size, *pairs[0])
        matching = self._stretched(stretch)
        images = [stretch.show(*pair) for pair in pairs]
        if not matching.fits(*images[0]):
            return [self._match(*pair) for pair in pairs]
        looks = self._network.match(*map(np.stack, zip(*images, strict=True)))
        matches = []
        for pair, shown, *look in zip(pairs, images, *looks, strict=True):
            found = passes.answer(matching, passes.Look(None, *look), *shown)
            matches.append(
                _bring_back(*pair, stretch, found.flow, found.confidence)
            )
        return matches

    def _stretched(self, stretch):
        """Returns the matching of stretched images."""
        return dataclasses.replace(self._matching, pixel=stretch.pixel)

    def _look(self, reference, query):
        flow, trust = self._network.match(reference[None], query[None])
        return flow[0], trust[0]

    def _glance(self, reference, query):
        flow, trust = self._network.glance(reference[None], query[None])
        return flow[0], trust[0]


def _is_limit(max_pixels):
    is_number = isinstance(max_pixels, numbers.Integral)
    return max_pixels == math.inf or is_number and max_pixels >= _FEWEST_PIXELS


def _group(pairs, batch_size):
    """Yields references and queries of successive pairs of equal sizes."""
    group = []
    for pair in pairs:
        images = tuple(
            pictures.to_image(image, name)
            for image, name in zip(pair, ("reference", "query"), strict=True)
        )
        is_other = group and [i.shape for i in images] != [
            i.shape for i in group[-1]
        ]
        if is_other or len(group) == batch_size:
            yield tuple(zip(*group, strict=True))
            group = []
        group.append(images)
    if group:
        yield tuple(zip(*group, strict=True))


def _bring_back(reference, query, stretch, flow, confidence):
    """Returns the match of a pair that was matched at another size."""
    if stretch.seen_sizes != stretch.sizes:
        flow = stretch.bring_back_flow(flow)
        confidence = stretch.bring_back(confidence)
    return Match(reference, query, flow, confidence)


def _describe(images):
    if isinstance(images, (list, tuple)):
        return f"{len(images)} images"
    return "one image"
