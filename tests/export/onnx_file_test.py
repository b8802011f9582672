"""Networks in ONNX Runtime."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import app

from gocor_tf.export import (
    image_files,
    onnx_file,
    sample_requests,
    saved_model,
    signatures,
)
from gocor_tf.models import BaseNet, PDCNet
from gocor_tf.trainers import command_line
from tests.export import networks

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")


NETWORKS = {
    "basenet": lambda: BaseNet(
        backbone="compact",
        decoder="residual",
        width=0.125,
        global_correlation="gocor",
        local_correlation="gocor",
    ),
    # With a decoder that goes through windows in a loop, and `expm1`.
    "pdcnet": lambda: PDCNet(backbone="compact", width=0.125, radius=5.0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_file_answers_at_any_size(name, tmp_path):
    keras.utils.set_random_seed(0)
    network = NETWORKS[name]()
    network.build()
    path = tmp_path / "network.onnx"
    onnx_file.write_onnx(network, path)
    session = onnxruntime.InferenceSession(str(path))
    inputs = {i.name for i in session.get_inputs()}
    assert inputs == {"reference", "query"}
    names = [output.name for output in session.get_outputs()]
    assert set(names) == {"flow", "confidence"}
    # The sides of PDC-Net's maps are then no multiples of a tile's.
    sizes = {"reference": (264, 272), "query": (280, 250)}
    pair = {
        name: image_files.stretch(pictures, sizes[name]).numpy()
        for name, pictures in sample_requests.images(2).items()
    }
    answer = dict(zip(names, session.run(names, pair), strict=True))
    expected = signatures.match_function(network)(**pair)
    for name, value in expected.items():
        np.testing.assert_allclose(
            answer[name], value, atol=onnx_file.TOLERANCE
        )


def test_decoders_keep_their_loop():
    network = NETWORKS["pdcnet"]()
    decoder = network.mixture_1.correlation_uncertainty
    chunk = decoder.chunk
    with pytest.raises(KeyError), onnx_file.without_loops(network):
        assert decoder.chunk is None
        raise KeyError
    assert decoder.chunk == chunk > 0


class Unconvertible(networks.SureShift):
    """Uses an operation that tf2onnx does not know."""

    def call(self, pair, training=None):
        outputs = super().call(pair)
        return {**outputs, "flow": tf.math.lgamma(outputs["flow"])}


def test_operations_that_are_not_converted_leave_no_file(tmp_path, caplog):
    network = networks.create(Unconvertible, (2.0, 3.0))
    with pytest.raises(RuntimeError, match="must be one that tf2onnx converts"):
        onnx_file.write_onnx(network, tmp_path / "network.onnx")
    assert not list(tmp_path.iterdir())
    assert not caplog.records


@pytest.mark.parametrize("wrong", [0.02, np.nan])
def test_other_answers_fail(wrong):
    with pytest.raises(RuntimeError, match="must answer flow as the network"):
        onnx_file.compare(
            lambda reference, query: {"flow": tf.zeros(2)},
            lambda pair: {"flow": np.full(2, wrong)},
        )


def test_missing_packages_are_wrong_usage(monkeypatch, run_command, tmp_path):
    def fail(module, extra):
        raise app.UsageError(f"pip install 'gocor_tf[{extra}]'")

    monkeypatch.setattr(command_line, "import_extra", fail)
    with pytest.raises(app.UsageError, match=r"gocor_tf\[onnx\]"):
        run_command(
            saved_model.export,
            saved_model.define_flags,
            "--format=onnx",
            f"--output_dir={tmp_path}",
        )


def test_file_that_exists_is_kept(run_command, tmp_path):
    (tmp_path / "default.onnx").write_text("mine")
    with pytest.raises(app.UsageError, match="must not hold the file yet"):
        run_command(
            saved_model.export,
            saved_model.define_flags,
            "--format=onnx",
            f"--output_dir={tmp_path}",
        )
    assert (tmp_path / "default.onnx").read_text() == "mine"
