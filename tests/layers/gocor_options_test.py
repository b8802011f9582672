import pytest

from gocor_tf.layers import gocor_options
from gocor_tf.layers.global_gocor import GlobalGOCor


def options(**changes):
    return {**GlobalGOCor().get_config(), **changes}


def test_the_defaults_pass():
    gocor_options.check_options(options())


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("num_iterations", -1, ">= 0"),
        ("reference_objective", "linear", '"robust" or "regression"'),
        ("init_step_length", 0, "> 0"),
        ("reg_inter_dim", 0, "> 0"),
        ("reg_output_dim", 0, "> 0"),
        ("min_filter_reg", -1, ">= 0"),
        ("step_length_reg", -1, ">= 0"),
        ("score_eta", -1, ">= 0"),
        ("reg_kernel_size", 2, "odd"),
        ("reg_kernel_size", -1, "odd"),
    ],
)
def test_an_option_out_of_range_is_rejected(name, value, expected):
    with pytest.raises(ValueError, match=f"`{name}` must be {expected}"):
        gocor_options.check_options(options(**{name: value}))


def test_feature_maps_of_different_sizes_pass():
    gocor_options.check_features((None, None, None, 4), (2, 5, 6, 4))


@pytest.mark.parametrize(
    ("reference_shape", "query_shape", "message"),
    [
        ((1, 2, 2, 3), (1, 2, 2, 4), "`query_features` must have the channels"),
        ((1, 2, 2, 3), (2, 2, 2, 3), "must have the batch size"),
        ((2, 2, 3), (1, 2, 2, 3), "`reference_features` must be"),
        ((1, 2, 2, 3), (1, 2, 2, None), "`query_features` must be"),
    ],
)
def test_feature_maps_that_do_not_fit_are_rejected(
    reference_shape, query_shape, message
):
    with pytest.raises(ValueError, match=message):
        gocor_options.check_features(reference_shape, query_shape)


@pytest.mark.parametrize(
    ("num_iterations", "expected"),
    [
        (None, (None, None)),
        (4, (4, 4)),
        ({"global": 3, "local": 7}, (3, 7)),
        ({"local": 0}, (None, 0)),
        ({}, (None, None)),
    ],
)
def test_numbers_of_iterations_of_global_and_local_gocor(
    num_iterations, expected
):
    assert gocor_options.split_iterations(num_iterations) == expected


def test_misspelt_volume_is_named():
    with pytest.raises(ValueError, match="`num_iterations` must be a number"):
        gocor_options.split_iterations({"globl": 3})
