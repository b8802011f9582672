import keras
import pytest
from absl import app

from gocor_tf.trainers.evaluation import devices


@pytest.mark.parametrize("name", [None, "cpu:0", "CPU:0"])
def test_the_processor_is_always_there(name):
    with devices.use(name):
        assert int(keras.ops.ones(()) + 1) == 2


@pytest.mark.parametrize("name", ["gpu:9", "cpu:9", "cpu", "abacus", ""])
def test_another_device_is_refused(name):
    with pytest.raises(
        app.UsageError,
        match=f"`--device` must be one of cpu:0.*--device={name}",
    ):
        devices.use(name)


def test_devices_of_pytorch(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(app.UsageError, match="of cpu:0, gpu:0, gpu:1. Rec"):
        devices.use("gpu:2")
