"""Error on fixed pairs of photographs that training never sees."""

import math

import numpy as np

from gocor_tf.data import batches
from gocor_tf.metrics import endpoint_error, pck
from gocor_tf.ops.warp import warp

from . import prefetch

BATCH_SIZE = 4
_SCORED = ("flow", "true_flow", "valid")


class Validation:
    """Evaluates the network of a runner on pairs.

    Args:
        model: the network.
        source: of pairs of held-out photographs.
        num_pairs: pairs to evaluate.
        thresholds: of PCK, in pixels.
    """

    def __init__(self, model, source, num_pairs, thresholds):
        if num_pairs < 1:
            raise ValueError(
                "`validation.num_pairs` must be > 0. "
                f"Received: validation.num_pairs={num_pairs}"
            )
        self._model = model
        self._source = source
        self._num_pairs = num_pairs
        self._thresholds = thresholds

    def evaluate(self, runner):
        """Returns means over the pairs: `aepe` in px, `pck_1` ... in %."""
        made = prefetch.prefetch(
            self._batch,
            range(math.ceil(self._num_pairs / BATCH_SIZE)),
            num_workers=1,
            depth=1,
        )
        scores = [
            self._score(*pair)
            for _, batch in made
            for pair in self._matched_pairs(runner, batch)
        ][: self._num_pairs]
        return {
            name: float(np.nanmean([score[name] for score in scores]))
            for name in scores[0]
        }

    def pictures(self, runner):
        """Returns the first pairs as `TensorBoardWriter` shows them."""
        outputs = runner.evaluate(self._match, self._batch(0))
        return {name: np.asarray(value) for name, value in outputs.items()}

    def _batch(self, number):
        start = BATCH_SIZE * number
        return batches.make_batch(
            self._source, range(start, start + BATCH_SIZE)
        )

    def _matched_pairs(self, runner, batch):
        outputs = runner.evaluate(self._match, batch)
        return zip(
            *(np.asarray(outputs[name]) for name in _SCORED), strict=True
        )

    def _match(self, trainable, non_trainable, batch):
        pair = self._source.render(batch)
        outputs, _ = self._model.stateless_call(
            trainable,
            non_trainable,
            {"reference": pair["reference"], "query": pair["query"]},
            training=False,
        )
        shown = {
            "reference": pair["reference"],
            "query": pair["query"],
            "warped": warp(pair["query"], outputs["flow"]),
            "flow": outputs["flow"],
            "true_flow": pair["flow"],
            "valid": pair["valid"],
            "mask": pair["mask"],
        }
        if "confidence" in outputs:
            shown["confidence"] = outputs["confidence"]
        return shown

    def _score(self, flow, true_flow, valid):
        errors = endpoint_error.endpoint_errors(flow, true_flow, valid[..., 0])
        scores = {"aepe": errors.mean() if errors.size else math.nan}
        for threshold in self._thresholds:
            scores[f"pck_{threshold:g}"] = pck.percentage_correct(
                errors, threshold
            )
        return scores
