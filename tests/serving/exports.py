"""Small networks, exported as version directories for the tests to serve."""

import pathlib
import shutil

import keras
import numpy as np
import tensorflow as tf

from gocor_tf.export import signatures
from gocor_tf.models import BaseNet

WARM_UP = "assets.extra/tf_serving_warmup_requests"


@keras.saving.register_keras_serializable(package="gocor_tf_serving_tests")
class Shift(keras.Model):
    """Matches each pixel with the one `shift` px to its right."""

    def __init__(self, shift, **kwargs):
        super().__init__(**kwargs)
        self.shift = shift

    def call(self, pair, training=None):
        zeros = keras.ops.zeros_like(pair["reference"][..., :2])
        return {"flow": zeros + keras.ops.array([self.shift, 0.0])}


def images(*shape, seed=0):
    """Returns random uint8 pixels, `(*shape, 3)`."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (*shape, 3), np.uint8)


def write_shift(folder):
    """Writes two versions: 2, of two signatures, and 10, which warms up.

    They shift by 2 and by 10 px.
    """
    old = keras.export.ExportArchive()
    answers = signatures.answers(Shift(2.0), signatures.Options())
    for name in ("serving_uint8", "serving_bytes"):
        old.add_endpoint(name, *answers[name])
    old.write_out(str(folder / "2"), verbose=False)
    new = signatures.export_archive(Shift(10.0), signatures.Options())
    new.write_out(str(folder / "10"), verbose=False)
    write_warm_up(folder / "10", "serving_uint8")


def small_network():
    """Returns an untrained network of the family, quick to run."""
    keras.utils.set_random_seed(0)
    model = BaseNet(backbone="compact", decoder="residual", width=0.125)
    model.build()
    return model


def write_network(model, folder, options=None):
    """Writes a network as version 1, unchecked."""
    options = options or signatures.Options()
    archive = signatures.export_archive(model, options)
    archive.write_out(str(folder / "1"), verbose=False)
    return folder / "1"


def write_warm_up(version, signature):
    """Records one request of 16 x 16 pixels as the version's warm-up."""
    from tensorflow_serving.apis import prediction_log_pb2

    log = prediction_log_pb2.PredictionLog()
    request = log.predict_log.request
    request.model_spec.name = "shift"
    request.model_spec.signature_name = signature
    for name in ("reference", "query"):
        request.inputs[name].CopyFrom(tf.make_tensor_proto(images(1, 16, 16)))
    path = pathlib.Path(version, WARM_UP)
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(log.SerializeToString())


def copy_version(source, target):
    """Copies a version directory."""
    shutil.copytree(source, target)
    return target
