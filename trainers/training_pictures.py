"""What GOCor's layers do inside a network, as numbers and as plots.

Truong et al., "GOCor: Bringing Globally Optimized Correspondence Volumes into
Your Neural Network", NeurIPS 2020: the objective (Eq. 7) that every iteration
lowers, and the learned `v+`, `v-` and `y` as functions of the distance
(Section 3.4).
"""

import contextlib

import numpy as np
from keras import ops

from gocor_tf.layers import GlobalGOCor, LocalGOCor

from . import plots

_NUM_ITERATIONS = 3
_POINTS_PER_BIN = 10


def figures(model, pair):
    """Draws the learned functions and the objectives of a network.

    Args:
        model: built network.
        pair: dict of images `reference` and `query`, see `gocor_objectives`.

    Returns:
        Dict: title -> `(height, width, 3)` uint8 RGB; empty for a network
        without GOCor.
    """
    groups = {
        "GOCor: v+, v- and y": _panels_of_curves(gocor_curves(model)),
        "GOCor: objective": _panels_of_objectives(
            gocor_objectives(model, pair)
        ),
    }
    return {
        title: plots.draw_picture(panels)
        for title, panels in groups.items()
        if panels
    }


def gocor_curves(model):
    """Returns the learned functions of the distance.

    Args:
        model: built network.

    Returns:
        Dict: "LAYER/v+", "LAYER/v-" and "LAYER/y" -> (distance in feature
        cells, value), arrays of equal length. Layers with the objective
        "regression" have none.
    """
    curves = {}
    for name, layer in _gocor_layers(model).items():
        if layer.reference_objective != "robust":
            continue
        reach = layer.num_dist_bins * layer.bin_displacement
        points = layer.num_dist_bins * _POINTS_PER_BIN + 1
        distance = np.linspace(0, reach, points, dtype="float32")
        label, weight, mask = (
            ops.convert_to_numpy(values)
            for values in layer.distance_predictors(distance)
        )
        curves[f"{name}/v+"] = distance, weight
        curves[f"{name}/v-"] = distance, mask * weight
        curves[f"{name}/y"] = distance, label * weight
    return curves


def gocor_objectives(model, pair):
    """Returns the objective of every GOCor layer after each iteration.

    Args:
        model: built network; it runs once, outside any graph.
        pair: dict of images `reference` and `query` `(batch, height, width,
            3)` in 0..255; one pair is enough.

    Returns:
        Dict: layer -> list of the total objective, mean over the batch, of the
        initial filter map and after 1, 2 and 3 iterations. A layer that serves
        several levels has an entry for each, "LAYER, call 2" the second.
    """
    objectives = {}
    for name, layer, start, features in _record(model, pair):
        filter_maps = [start]
        for _ in range(_NUM_ITERATIONS):
            filter_maps.append(
                layer.steepest_descent(filter_maps[-1], *features, 1)
            )
        objectives[name] = [
            float(ops.mean(layer.objective(filter_map, *features)["total"]))
            for filter_map in filter_maps
        ]
    return objectives


def _gocor_layers(model):
    """Returns path -> layer; the paths start below the network."""
    # Keras has no public way to nested layers.
    return {
        layer.path.partition("/")[2]: layer
        for layer in model._flatten_layers()
        if isinstance(layer, (GlobalGOCor, LocalGOCor))
    }


def _record(model, pair):
    """Returns (name, layer, initial filters, features) of every descent."""
    records = []

    def recording(name, layer):
        descend = layer.steepest_descent

        def descend_and_note(filter_map, *features_and_number):
            records.append((name, layer, filter_map, features_and_number[:2]))
            return descend(filter_map, *features_and_number)

        return descend_and_note

    with contextlib.ExitStack() as stack:
        for name, layer in _gocor_layers(model).items():
            # Shadows the method, in this one layer, while the network runs.
            layer.steepest_descent = recording(name, layer)
            stack.callback(delattr, layer, "steepest_descent")
        model(pair, training=False)
    return _number_calls(records)


def _number_calls(records):
    """Gives the second call of a layer, and later ones, a name of its own."""
    calls = {}
    numbered = []
    for name, *rest in records:
        calls[name] = calls.get(name, 0) + 1
        number = calls[name]
        title = name if number == 1 else f"{name}, call {number}"
        numbered.append((title, *rest))
    return numbered


def _panels_of_curves(curves):
    """Returns a panel for each layer."""
    lines = {}
    for name, curve in curves.items():
        layer, _, symbol = name.rpartition("/")
        lines.setdefault(layer, {})[symbol] = curve
    return [
        plots.Panel(layer, symbols, x_label="distance, cells")
        for layer, symbols in lines.items()
    ]


def _panels_of_objectives(objectives):
    return [
        plots.Panel(
            layer,
            {
                "objective": (
                    ["start", *map(str, range(1, len(values)))],
                    values,
                )
            },
            x_label="iteration",
        )
        for layer, values in objectives.items()
    ]
