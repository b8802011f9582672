import numpy as np
import pytest
from keras import ops

from gocor_tf.data import batches
from gocor_tf.data.random_warps import ViewWarps
from gocor_tf.data.synthetic_pairs import SyntheticPairs
from gocor_tf.trainers.validation import BATCH_SIZE, Validation


class _NoMotion:
    """A network that never sees any motion."""

    def stateless_call(self, trainable, non_trainable, pair, training):
        assert not training
        flow = ops.zeros_like(pair["reference"][..., :2])
        return {"flow": flow}, non_trainable


class _Eager:
    """A runner that compiles nothing and has no weights."""

    def evaluate(self, function, batch):
        return function([], [], batch)


@pytest.fixture
def pairs():
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (40, 50, 3), "uint8") for _ in range(3)]
    law = ViewWarps(canvas_size=40, transformations=("affine",))
    return SyntheticPairs(images, size=32, law=law)


def test_scores_are_means_over_pairs(pairs):
    validation = Validation(_NoMotion(), pairs, 6, thresholds=(1.0, 5.0))
    scores = validation.evaluate(_Eager())
    assert scores == validation.evaluate(_Eager())
    lengths = []
    for step in range(2):
        numbers = range(step * BATCH_SIZE, (step + 1) * BATCH_SIZE)
        truth = pairs.render(batches.make_batch(pairs, numbers))
        flow = ops.convert_to_numpy(truth["flow"])
        valid = ops.convert_to_numpy(truth["valid"])[..., 0] > 0
        lengths += [
            np.linalg.norm(f, axis=-1)[v]
            for f, v in zip(flow, valid, strict=True)
        ]
    lengths = lengths[:6]
    assert scores["aepe"] == pytest.approx(np.mean([e.mean() for e in lengths]))
    assert scores["pck_5"] == pytest.approx(
        100 * np.mean([(e <= 5).mean() for e in lengths])
    )
    assert scores["pck_1"] < scores["pck_5"]


def test_pictures_show_the_first_pairs(pairs):
    pictures = Validation(_NoMotion(), pairs, 6, (1.0,)).pictures(_Eager())
    np.testing.assert_allclose(pictures["warped"], pictures["query"], atol=1e-3)
    assert pictures["true_flow"].shape == (BATCH_SIZE, 32, 32, 2)


def test_no_pairs_are_refused():
    with pytest.raises(ValueError, match="`validation.num_pairs` must be > 0"):
        Validation(None, None, 0, ())
