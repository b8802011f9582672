import numpy as np
import pytest

import gocor_tf


def test_presets_describe_themselves():
    for preset in gocor_tf.presets().values():
        assert set(preset) == {
            "description",
            "licence",
            "parameters",
            "embedded",
        }


@pytest.mark.parametrize("name", sorted(gocor_tf.presets()))
def test_stated_number_of_parameters_is_the_networks(name):
    model = gocor_tf.load_model(name, weights=None)
    assert model.count_params() == gocor_tf.presets()[name]["parameters"]


def test_default_holds_its_weights():
    assert gocor_tf.presets()["default"]["embedded"]
    trained = gocor_tf.load_model("default").get_weights()
    assert all(np.isfinite(array).all() for array in trained)


def test_unknown_preset_lists_the_known_ones():
    with pytest.raises(ValueError, match="`name` must be one of .*'default'"):
        gocor_tf.load_model("glunet_v9")


@pytest.mark.parametrize("name", ["base_net", "BaseNet"])
def test_misspelt_preset_suggests_the_nearest(name):
    with pytest.raises(ValueError, match=r"Did you mean basenet\? Received"):
        gocor_tf.load_model(name)


def test_preset_without_weights_says_what_to_pass():
    with pytest.raises(ValueError, match=r"must be a \.weights\.h5 file"):
        gocor_tf.load_model("basenet")
