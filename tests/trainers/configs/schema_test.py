import dataclasses

import pytest

from gocor_tf.data.augmentation import AppearanceRanges
from gocor_tf.data.random_warps import WarpRanges
from gocor_tf.trainers.configs import default, schema


@pytest.mark.parametrize(
    ("config", "ranges"),
    [
        (schema.WarpConfig, WarpRanges),
        (schema.AppearanceConfig, AppearanceRanges),
    ],
)
def test_ranges_have_the_fields_of_the_data_classes(config, ranges):
    assert (
        dataclasses.asdict(config()).keys()
        == dataclasses.asdict(ranges()).keys()
    )


def test_variants_differ_only_where_they_say():
    full, feature = default.get_config(), default.get_config("feature")
    assert full != feature
    feature.model = full.model
    assert full == feature


def test_unknown_variant_is_refused():
    with pytest.raises(ValueError, match="`variant` must be one of"):
        default.get_config("large")
