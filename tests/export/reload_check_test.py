"""The process that loads what was exported, and its verdict."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gocor_tf.export import reload_check, sample_requests, signatures
from tests.export import networks


def answers_of(shift):
    network = networks.create(networks.SureShift, shift)
    return signatures.answers(network, signatures.Options(max_matches=20))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shift") / "1"
    archive = signatures.archive_of(answers_of((2.0, 0.0)))
    archive.write_out(str(folder), verbose=False)
    return folder


def test_same_answers_pass(folder):
    reload_check.check(folder, answers_of((2.0, 0.0)))


def test_other_answers_fail(folder):
    with pytest.raises(
        RuntimeError, match="serving_default/flow as the network does"
    ):
        reload_check.check(folder, answers_of((2.0, 0.001)))


@keras.saving.register_keras_serializable(package="gocor_tf_tests")
class Kink(networks.SureShift):
    """Shifts by `shift[1]` px if a pixel is brighter than `shift[0]`."""

    def call(self, pair, training=None):
        threshold, step = keras.ops.unstack(self.shift, 2)
        is_above = keras.ops.max(pair["reference"]) > threshold
        step = step * keras.ops.cast(is_above, "float32")
        outputs = super().call(pair)
        flow = keras.ops.zeros_like(outputs["flow"]) + step
        return {**outputs, "flow": flow}


def kink_at(threshold):
    network = networks.create(Kink, (threshold, 0.5))
    return signatures.answers(network, signatures.Options(max_matches=20))


def test_rounding_that_the_network_amplifies_passes(tmp_path, caplog):
    brightest = float(sample_requests.images(2)["reference"].max())
    archive = signatures.archive_of(kink_at(brightest - 1e-3))
    archive.write_out(str(tmp_path), verbose=False)
    # Half of what `ROUNDING` adds above it, so that the step is not taken.
    reload_check.check(tmp_path, kink_at(brightest * (1 + 5e-6)))
    assert "flow differs from the network's by 0.5" in caplog.text
    with pytest.raises(RuntimeError, match="flow as the network does"):
        reload_check.check(tmp_path, kink_at(brightest + 1))


def test_missing_answers_fail(folder):
    answers = answers_of((2.0, 0.0))
    answers = {"another": answers["serving_uint8"]}
    with pytest.raises(RuntimeError, match="must answer another/.* of shape"):
        reload_check.check(folder, answers)


def test_what_does_not_load_fails(tmp_path):
    (tmp_path / "saved_model.pb").write_text("not a graph")
    with pytest.raises(RuntimeError, match="without gocor_tf and Keras"):
        reload_check.check(tmp_path, {})


def test_what_needs_keras_fails(tmp_path):
    """The process really has neither package."""

    @tf.py_function(Tout=tf.float32)
    def with_keras(images):
        import keras

        return keras.ops.cast(images, "float32")

    module = tf.Module()
    module.answer = tf.function(
        lambda reference, query: {"flow": with_keras(reference)},
        input_signature=[
            tf.TensorSpec(None, tf.uint8, name)
            for name in ("reference", "query")
        ],
    )
    tf.saved_model.save(
        module, str(tmp_path), {"answer": module.answer.get_concrete_function()}
    )
    with pytest.raises(RuntimeError, match="without gocor_tf and Keras"):
        reload_check.check(tmp_path, {})


def test_sample_pictures_are_always_the_same_and_fit_the_limits():
    pair = sample_requests.images(2)
    again = sample_requests.images(2)
    for name, pictures in pair.items():
        np.testing.assert_array_equal(pictures, again[name])
        assert np.prod(pictures.shape[:3]) <= 2**14
        assert pictures.std() > 30
    # The query shows the reference from 3 px further down, 5 px further right.
    np.testing.assert_array_equal(
        pair["reference"][:, 3:, 5 : 5 + 71], pair["query"][:, :60]
    )
