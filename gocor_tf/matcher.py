"""Two photographs in, a flow with its confidence out."""

import cv2
import keras
import numpy as np

from gocor_tf import passes, progress, stages
from gocor_tf.compiled import CompiledNetwork
from gocor_tf.data import pictures
from gocor_tf.match import Match
from gocor_tf.models import load_model
from gocor_tf.ops import resize, stretched_flow


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
    If a network gives none, it runs in both directions, and the match gets
    that of `consistency.forward_backward_confidence`: 0.5 where the way to
    the query and back ends one pixel of a 256 x 256 image away, 0 where the
    match lies outside the query.

    Args:
        model: network of the family; None: the embedded default.
        size: `(height, width)` to stretch both images to before the network
            sees them; None: their own. The answer is at the original size
            either way.
        mode: passes over a pair, see `stages.match`: "direct", "homography",
            "multi_scale" or "alignment". None: "alignment" for networks with
            the compact pyramid, such as the embedded default, whose passes
            are cheap, and "direct" for others.
        num_iterations: of GOCor's layers, see the network; None: its own.
        batch_size: successive pairs of lists that go through the network
            together where their images' sizes are equal, to fill a GPU.
            More than 1 needs the mode "direct".
    """

    def __init__(
        self,
        model=None,
        size=None,
        mode=None,
        num_iterations=None,
        batch_size=1,
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
        self.model = load_model("default") if model is None else model
        self.size = size
        if mode is None:
            aligns = getattr(self.model, "backbone", None) == "compact"
            mode = "alignment" if aligns else "direct"
        if batch_size < 1 or (batch_size > 1 and mode != "direct"):
            raise ValueError(
                "`batch_size` must be > 0, and 1 unless the mode is 'direct'. "
                f"Received: batch_size={batch_size}, mode={mode!r}"
            )
        self.mode = mode
        self.num_iterations = num_iterations
        self.batch_size = batch_size
        self._network = CompiledNetwork(self.model, num_iterations)
        self._matching = passes.Matching(
            run=self._look,
            run_coarse=self._glance,
            trust=self._network.trust,
            coarse_features=self._network.coarse_features,
            seen_side=self._network.seen_side,
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
        flow, confidence = stages.match(
            self._matching, self.mode, reference, query
        )
        return Match(reference, query, flow, confidence)

    def _match_group(self, references, queries):
        """Matches pairs of equal sizes in one pass."""
        flows, trusts = self._look_at_batch(
            np.stack(references), np.stack(queries)
        )
        matches = []
        for reference, query, flow, trust in zip(
            references, queries, flows, trusts, strict=True
        ):
            seen = passes.Look(None, flow, trust)
            found = passes.answer(self._matching, seen, reference, query)
            matches.append(
                Match(reference, query, found.flow, found.confidence)
            )
        return matches

    def _look(self, reference, query):
        flow, trust = self._look_at_batch(reference[None], query[None])
        return flow[0], trust[0]

    def _look_at_batch(self, reference, query):
        """Returns flows and what the network says about them."""
        if self.size is None:
            return self._network.match(reference, query)
        flow, trust = self._network.match(
            _stretch(reference, self.size), _stretch(query, self.size)
        )
        size = reference.shape[1:3]
        flow = stretched_flow.unstretch_flow(
            flow, self.size, size, query.shape[1:3]
        )
        trust = resize.bilinear_resize(trust, size)
        return tuple(keras.ops.convert_to_numpy(x) for x in (flow, trust))

    def _glance(self, reference, query):
        flow, trust = self._network.glance(reference[None], query[None])
        return flow[0], trust[0]


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


def _stretch(images, size):
    if size is None:
        return images
    return np.stack(
        [
            cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
            for image in images
        ]
    )


def _describe(images):
    if isinstance(images, (list, tuple)):
        return f"{len(images)} images"
    return "one image"
