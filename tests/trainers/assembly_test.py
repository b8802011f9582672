import types

import pytest

from gocor_tf.trainers import assembly, runners
from gocor_tf.trainers.configs.schema import TrainConfig


def test_a_batch_that_replicas_cannot_share_is_refused(monkeypatch):
    monkeypatch.setattr(
        runners,
        "create_strategy",
        lambda devices: types.SimpleNamespace(num_replicas_in_sync=3),
    )
    with pytest.raises(ValueError, match="must be a multiple of the 3 rep"):
        assembly.create_runner(TrainConfig(), pairs=None)
