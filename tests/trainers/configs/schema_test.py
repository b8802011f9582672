import dataclasses

import pytest

from gocor_tf.data.augmentation import AppearanceRanges
from gocor_tf.data.free_warps import FreeWarps
from gocor_tf.data.random_warps import ViewWarps
from gocor_tf.trainers.configs import data_schema, default


def _names(cls):
    return {field.name for field in dataclasses.fields(cls)}


@pytest.mark.parametrize(
    ("config", "ranges", "others"),
    [
        # Fields of the photographs' pieces are those of `DataConfig`.
        (data_schema.WarpConfig, ViewWarps, {"canvas_size", "crop_range"}),
        (data_schema.FreeWarpConfig, FreeWarps, set()),
        (data_schema.AppearanceConfig, AppearanceRanges, set()),
    ],
)
def test_ranges_have_the_fields_of_the_data_classes(config, ranges, others):
    assert _names(config) == _names(ranges) - others
    assert others <= _names(data_schema.DataConfig)


def test_variants_differ_only_where_they_say():
    full, feature = default.get_config(), default.get_config("feature")
    assert full != feature
    feature.model = full.model
    assert full == feature


def test_unknown_variant_is_refused():
    with pytest.raises(ValueError, match="`variant` must be one of"):
        default.get_config("large")
