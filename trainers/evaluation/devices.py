"""The device that networks run on."""

import contextlib

import keras
from absl import app

_KINDS = ("cpu", "gpu", "tpu")


def use(name):
    """Returns a context in which Keras computes on a device.

    Args:
        name: such as "cpu:0" or "gpu:1"; None: the backend's own choice.

    Raises:
        UsageError: if this machine has no such device. Some backends would
            compute on another one without a word.
    """
    if name is None:
        return contextlib.nullcontext()
    known = [device for kind in _KINDS for device in _list(kind)]
    if name.lower() not in known:
        raise app.UsageError(
            f"`--device` must be one of {', '.join(known)}. "
            f"Received: --device={name}"
        )
    return keras.device(name.lower())


def _list(kind):
    if keras.backend.backend() == "torch":
        return _list_of_torch(kind)
    try:
        return keras.distribution.list_devices(kind)
    except RuntimeError:  # JAX has no such platform here.
        return []


def _list_of_torch(kind):
    import torch

    number = {"cpu": 1, "gpu": torch.cuda.device_count()}.get(kind, 0)
    return [f"{kind}:{index}" for index in range(number)]
