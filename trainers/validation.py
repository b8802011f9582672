"""Error on fixed pairs of photographs that training never sees."""

import math

import numpy as np

from gocor_tf.metrics import endpoint_error, pck
from gocor_tf.ops.warp import warp

from . import prefetch

BATCH_SIZE = 4


class Validation:
    """Evaluates the network of a runner on synthetic pairs.

    Args:
        model: the network.
        pairs: `SyntheticPairs` of held-out photographs, `BATCH_SIZE` a batch.
        num_pairs: pairs to evaluate.
        thresholds: of PCK, in pixels.
    """

    def __init__(self, model, pairs, num_pairs, thresholds):
        if num_pairs < 1:
            raise ValueError(
                "`validation.num_pairs` must be > 0. "
                f"Received: validation.num_pairs={num_pairs}"
            )
        self._model = model
        self._pairs = pairs
        self._num_pairs = num_pairs
        self._thresholds = thresholds

    def evaluate(self, runner):
        """Returns means over the pairs: `aepe` in px, `pck_1` ... in %."""
        batches = prefetch.prefetch(
            self._pairs.batch,
            range(math.ceil(self._num_pairs / BATCH_SIZE)),
            num_workers=1,
            depth=1,
        )
        scores = [
            self._score(*pair)
            for _, batch in batches
            for pair in self._matched_pairs(runner, batch)
        ][: self._num_pairs]
        return {
            name: float(np.nanmean([score[name] for score in scores]))
            for name in scores[0]
        }

    def pictures(self, runner):
        """Returns the first pairs as `TensorBoardWriter` shows them."""
        outputs = runner.evaluate(self._match, self._pairs.batch(0))
        return {name: np.asarray(value) for name, value in outputs.items()}

    def _matched_pairs(self, runner, batch):
        outputs = runner.evaluate(self._match, batch)
        names = ("flow", "true_flow", "valid")
        return zip(*(np.asarray(outputs[name]) for name in names), strict=True)

    def _match(self, trainable, non_trainable, batch):
        pair = self._pairs.render(batch)
        outputs, _ = self._model.stateless_call(
            trainable,
            non_trainable,
            {"reference": pair["reference"], "query": pair["query"]},
            training=False,
        )
        return {
            "reference": pair["reference"],
            "query": pair["query"],
            "warped": warp(pair["query"], outputs["flow"]),
            "flow": outputs["flow"],
            "true_flow": pair["flow"],
            "valid": pair["valid"],
        }

    def _score(self, flow, true_flow, valid):
        errors = endpoint_error.endpoint_errors(flow, true_flow, valid[..., 0])
        scores = {"aepe": errors.mean()}
        for threshold in self._thresholds:
            scores[f"pck_{threshold:g}"] = pck.percentage_correct(
                errors, threshold
            )
        return scores
