import os

import keras
import numpy as np
import pytest

from gocor_tf.models import BaseNet, GLUNet, PDCNet, load_weights
from gocor_tf.models.weights import PartialLoad, load_weights_partially

SMALL = {"backbone": "compact", "decoder": "residual", "width": 0.125}


@pytest.fixture(scope="module")
def network():
    model = BaseNet(**SMALL)
    model.build()
    return model


@pytest.fixture(scope="module")
def pdcnet_plus():
    model = PDCNet(backbone="compact", width=0.125, two_pyramids=True)
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


def _glunet(**options):
    model = GLUNet(**SMALL, **options)
    model.build()
    return model


def _saved(model, tmp_path):
    path = os.path.join(tmp_path, "other.weights.h5")
    model.save_weights(path)
    return path


def _arrays(layer):
    return {
        variable.path.partition("/")[2]: np.asarray(variable)
        for variable in layer.variables
    }


def _assert_equal(layer, other):
    arrays, others = layer.get_weights(), other.get_weights()
    for array, expected in zip(arrays, others, strict=True):
        np.testing.assert_array_equal(array, expected)


def test_partial_loading_of_a_whole_file(network, weights_path):
    other = BaseNet(**SMALL)
    other.build()
    report = load_weights_partially(other, weights_path)
    _assert_equal(other, network)
    assert len(report.loaded) == len(network.variables)
    assert report.missing == report.other_shape == report.left_over == ()
    assert str(report) == (
        f"loaded {len(network.variables)} of {len(network.variables)} arrays "
        "(100.0 % of the parameters)"
    )


def test_dot_product_weights_start_gocor(tmp_path):
    first = _glunet()
    second = _glunet(global_correlation="gocor", local_correlation="gocor")
    volumes = second.global_volume.get_weights()
    report = load_weights_partially(second, _saved(first, tmp_path))
    for name in ("pyramid", "level_4", "level_3", "level_1", "double_flow_2"):
        _assert_equal(getattr(second, name), getattr(first, name))
    for array, before in zip(
        second.global_volume.get_weights(), volumes, strict=True
    ):
        np.testing.assert_array_equal(array, before)
    assert len(report.loaded) == len(first.variables)
    assert "not in the file: global_volume (9 arrays), local_volume (6" in str(
        report
    )
    assert report.parameters == second.count_params()
    assert report.parameters_loaded == first.count_params()


def test_report_rounds_down_and_counts_by_layer():
    report = PartialLoad(
        loaded=("level_3/head/vars/0",),
        missing=("level_2/a/vars/0", "level_2/b/vars/0", "level_1/vars/0"),
        other_shape=(),
        left_over=("mixture_4/vars/0",),
        parameters=1_000_000,
        parameters_loaded=999_999,
    )
    assert str(report) == (
        "loaded 1 of 4 arrays (99.9 % of the parameters); not in the file: "
        "level_2 (2 arrays), level_1 (1 array); in the file alone: "
        "mixture_4 (1 array)"
    )


def test_one_pyramid_starts_both(pdcnet_plus, tmp_path):
    first = PDCNet(backbone="compact", width=0.125)
    first.build()
    report = load_weights_partially(pdcnet_plus, _saved(first, tmp_path))
    _assert_equal(pdcnet_plus.pyramid_256, first.pyramid)
    whole = _arrays(first.pyramid)
    for name, array in _arrays(pdcnet_plus.pyramid).items():
        np.testing.assert_array_equal(array, whole[name])
    _assert_equal(pdcnet_plus.level_2, first.level_2)
    assert report.missing == report.other_shape == report.left_over == ()


def test_two_pyramids_are_told_apart_whatever_their_order(
    pdcnet_plus, tmp_path
):
    """PDC-Net creates `pyramid_256` first, GLU-Net `pyramid`."""
    glunet = _glunet(two_pyramids=True, context_sees_flow=True)
    report = load_weights_partially(glunet, _saved(pdcnet_plus, tmp_path))
    _assert_equal(glunet.pyramid, pdcnet_plus.pyramid)
    _assert_equal(glunet.pyramid_256, pdcnet_plus.pyramid_256)
    text = str(report)
    assert "in the file alone: global_volume (9 arrays)" in text
    assert "mixture_level_3 (34 arrays)" in text
    # The uncertainty of the coarser level is an input of PDC-Net's decoders.
    assert "of another shape in the file: level_3 (" in text


def test_partial_loading_of_nothing_is_refused(network, tmp_path):
    path = os.path.join(tmp_path, "dense.weights.h5")
    dense = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    dense.save_weights(path)
    with pytest.raises(ValueError, match="none of its 2 has the name and"):
        load_weights_partially(network, path)


def test_partial_loading_of_a_missing_file_names_it(network):
    with pytest.raises(ValueError, match="existing .*stage1.weights.h5'"):
        load_weights_partially(network, "stage1.weights.h5")
