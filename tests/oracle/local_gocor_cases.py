"""Cases of the group `local_gocor`."""

import re

from gocor_tf.export import published_names
from gocor_tf.layers import filter_initializers
from gocor_tf.layers.local_gocor import LocalGOCor
from tests.oracle import gocor_settings
from tests.oracle.fixture_check import (
    Case,
    to_channels_first,
    to_channels_last,
)


def _initializer(fixture):
    layer = filter_initializers.get_local(
        _initializer_name(fixture.entry["reference"])
    )
    layer.build((None, None, None, fixture.inp["feat"].shape[1]))

    def function(inputs, params):
        filter_map = layer(to_channels_last(inputs["feat"]))
        return {"filter": to_channels_first(filter_map)}

    return Case(function, published_names.filter_initializer(layer))


def _optimizer(fixture):
    layer = _build_layer(fixture, fixture.entry["constructor"])

    def function(inputs, params):
        start, reference, query = (
            to_channels_last(inputs[name])
            for name in ("filter", "reference", "query")
        )
        filter_maps = gocor_settings.filter_maps(
            layer, start, reference, query, fixture.out
        )
        return {
            **{
                f"filter_iter{number}": to_channels_first(filter_map)
                for number, filter_map in enumerate(filter_maps)
            },
            **gocor_settings.losses(
                fixture, layer, filter_maps[:-1], reference, query
            ),
        }

    return Case(function, published_names.steepest_descent(layer))


def _module(fixture):
    constructor = fixture.entry["constructor"]
    layer = _build_layer(
        fixture,
        constructor["local_gocor_arguments"],
        initializer=_initializer_name(constructor["initializer"]),
    )

    def function(inputs, params):
        volume = layer(
            to_channels_last(inputs["reference"]),
            to_channels_last(inputs["query"]),
        )
        return {"corr": to_channels_first(volume)}

    return Case(function, published_names.gocor(layer))


def _build_layer(fixture, settings, **keywords):
    settings = dict(settings)
    radius = settings.pop("search_size", 9) // 2
    layer = LocalGOCor(
        radius=radius,
        **gocor_settings.layer_keywords(
            settings, gocor_settings.IGNORED_BY_LOCAL
        ),
        **keywords,
    )
    channels = fixture.inp["reference"].shape[1]
    layer.build(*[(None, None, None, channels)] * 2)
    return layer


def _initializer_name(published):
    return gocor_settings.initializer_name(
        re.search(
            r"LocalCorr(Initializer)?(\w+?)(Initializer)?$", published
        ).group(2)
    )


CASES = {
    "initializer": _initializer,
    "module": _module,
    "optimizer": _optimizer,
}
