import os

import numpy as np
import pytest

from gocor_tf.models import BaseNet, load_weights

SMALL = {"backbone": "compact", "decoder": "residual", "width": 0.125}


@pytest.fixture(scope="module")
def network():
    model = BaseNet(**SMALL)
    model.build()
    return model


@pytest.fixture
def weights_path(network, tmp_path):
    path = os.path.join(tmp_path, "network.weights.h5")
    network.save_weights(path)
    return path


def test_round_trip(network, weights_path):
    other = BaseNet(**SMALL)
    other.build()
    load_weights(other, weights_path)
    for ours, theirs in zip(
        other.get_weights(), network.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_weights_of_a_larger_network_are_rejected(network, tmp_path):
    larger = BaseNet(**SMALL, local_correlation="gocor")
    larger.build()
    path = os.path.join(tmp_path, "larger.weights.h5")
    larger.save_weights(path)
    with pytest.raises(ValueError, match="belongs to another network"):
        load_weights(network, path)


def test_truncated_file_is_rejected(network, weights_path):
    size = os.path.getsize(weights_path)
    with open(weights_path, "r+b") as file:
        file.truncate(size // 2)
    with pytest.raises(ValueError, match="cut short"):
        load_weights(network, weights_path)


def test_foreign_file_is_rejected(network, tmp_path):
    path = os.path.join(tmp_path, "picture.weights.h5")
    with open(path, "wb") as file:
        file.write(b"\x89PNG")
    with pytest.raises(ValueError, match="of another kind"):
        load_weights(network, path)


def test_missing_file_is_named(network):
    with pytest.raises(ValueError, match="must be an existing"):
        load_weights(network, "missing.weights.h5")
