"""Warm-up requests, read back as TF Serving reads them."""

import numpy as np
import pytest
import tensorflow as tf

from gocor_tf.export import signatures, warm_up
from tests.export import networks

prediction_log_pb2 = pytest.importorskip(
    "tensorflow_serving.apis.prediction_log_pb2"
)


def test_each_signature_gets_a_request_that_it_answers(tmp_path):
    network = networks.create(networks.SureShift)
    answers = signatures.answers(network, signatures.Options(max_matches=20))
    warm_up.write(tmp_path, "shift", answers)
    records = tf.data.TFRecordDataset(str(tmp_path / warm_up.FILE))
    names = []
    for record in records.as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        request = log.predict_log.request
        assert request.model_spec.name == "shift"
        names.append(request.model_spec.signature_name)
        answer, specs = answers[names[-1]]
        inputs = {
            key: tf.constant(tf.make_ndarray(value))
            for key, value in request.inputs.items()
        }
        assert {value.dtype for value in inputs.values()} == {specs[0].dtype}
        outputs = tf.function(answer)(**inputs)
        assert all(np.isfinite(value).all() for value in outputs.values())
    assert names == list(answers)
