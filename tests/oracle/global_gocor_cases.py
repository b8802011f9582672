"""Cases of the group `global_gocor`."""

import re

import numpy as np
from keras import ops

from gocor_tf.export import published_names
from gocor_tf.layers import filter_initializers
from gocor_tf.layers.global_gocor import GlobalGOCor
from gocor_tf.ops import normalization
from tests.oracle import gocor_settings
from tests.oracle.fixture_check import (
    Case,
    to_channels_first,
    to_channels_last,
)


def _initializer(fixture):
    assert fixture.entry["constructor"]["filter_size"] == 1
    published = re.search(
        r"GlobalCorr(Initializer)?(\w+?)(Initializer)?$",
        fixture.entry["reference"],
    ).group(2)
    layer = filter_initializers.get_global(
        gocor_settings.initializer_name(published)
    )
    layer.build((None, None, None, fixture.inp["feat"].shape[1]))

    def function(inputs, params):
        features = to_channels_last(inputs["feat"])
        outputs = {
            "filter": features,
            "filter_normalised": normalization.feature_l2_norm(features),
        }
        if "feat_constant" in inputs:
            outputs["filter_constant"] = to_channels_last(
                inputs["feat_constant"]
            )
        return {k: _to_published(layer(v)) for k, v in outputs.items()}

    return Case(function, published_names.filter_initializer(layer))


def _optimizer(fixture):
    layer = GlobalGOCor(
        **gocor_settings.layer_keywords(fixture.entry["constructor"])
    )
    shapes = [fixture.inp[name].shape for name in ("reference", "query")]
    layer.build(*((None, h, w, c) for _, _, c, h, w in shapes))

    def function(inputs, params):
        reference = to_channels_last(inputs["reference"][0])
        query = to_channels_last(inputs["query"][0])
        start = ops.reshape(inputs["filter"], reference.shape)
        filter_maps = gocor_settings.filter_maps(
            layer, start, reference, query, fixture.out
        )
        return {
            **{
                f"filter_iter{number}": _to_published(filter_map)
                for number, filter_map in enumerate(filter_maps)
            },
            **gocor_settings.losses(
                fixture, layer, filter_maps[:-1], reference, query
            ),
        }

    return Case(function, published_names.steepest_descent(layer))


def _module(fixture):
    constructor = fixture.entry["constructor"]
    published = re.search(
        r"GlobalGOCorWith(\w+)Initializer$", fixture.entry["reference"]
    ).group(1)
    layer = GlobalGOCor(
        initializer=gocor_settings.initializer_name(published),
        **gocor_settings.layer_keywords(constructor["global_gocor_arguments"]),
    )
    extra = {} if fixture.inp else _inputs_of_notes(fixture)
    shapes = [
        {**fixture.inp, **extra}[name].shape for name in ("reference", "query")
    ]
    layer.build(*((None, h, w, c) for _, c, h, w in shapes))
    query_in_channels = constructor.get(
        "put_query_feat_in_channel_dimension", True
    )

    def function(inputs, params):
        reference = to_channels_last(inputs["reference"])
        query = to_channels_last(inputs["query"])
        volume = layer(reference, query)
        if query_in_channels:
            volume = to_channels_first(volume)
        else:
            volume = ops.reshape(
                volume, (volume.shape[0], -1, *query.shape[1:3])
            )
        outputs = {"corr": volume}
        if "loss_train" in fixture.out:
            filter_map = layer.filter_initializer(reference)
            steps = range(layer.num_iterations)
            filter_maps = [
                layer.steepest_descent(filter_map, reference, query, number)
                for number in steps
            ]
            outputs |= gocor_settings.losses(
                fixture, layer, filter_maps, reference, query
            )
        return outputs

    return Case(function, published_names.gocor(layer, "corr_module."), extra)


def _inputs_of_notes(fixture):
    """Makes the inputs that the notes describe instead of storing them."""
    import oracle_weights

    notes = fixture.entry["notes"]
    first, shape, mean = re.search(
        r"reference = l2norm\(abs\(rand\(seed, '(\w+)', \(([\d,]+)\), "
        r"([\d.]+)\)\)\)",
        notes,
    ).groups()
    second = re.search(r"query likewise with '(\w+)'", notes).group(1)
    inputs = {}
    for name, key in (("reference", first), ("query", second)):
        features = np.abs(
            oracle_weights.rand(
                fixture.entry["seed"],
                key,
                [int(length) for length in shape.split(",")],
                float(mean),
            )
        )
        square = np.sum(features**2, axis=1, keepdims=True)
        inputs[name] = features / np.sqrt(square + np.float32(1e-6))
    return inputs


def _to_published(filter_map):
    """Lays a filter map out as `(batch, cells, channels, 1, 1)`."""
    batch, height, width, channels = filter_map.shape
    return ops.reshape(filter_map, (batch, height * width, channels, 1, 1))


CASES = {
    "initializer": _initializer,
    "module": _module,
    "optimizer": _optimizer,
}
