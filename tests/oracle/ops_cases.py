"""Cases of the group `ops` that treat features and volumes."""

import math
import re

import numpy as np
from keras import ops

import gocor_tf.ops
from gocor_tf.layers.distance_predictors import DistancePredictors
from gocor_tf.layers.neighbourhood_consensus import NeighbourhoodConsensus
from gocor_tf.ops import (
    conv4d,
    distance_map,
    matching,
    normalization,
    score_activation,
)
from tests.oracle.fixture_check import Case, to_channels_first, to_channels_last


def _apply_filter(fixture):
    def function(inputs, params):
        features = to_channels_last(inputs["feat"][0])
        filters = ops.squeeze(inputs["filter"], (3, 4))[:, :, None]
        volume = inputs["volume"][0]
        scores = gocor_tf.ops.global_correlation(filters, features)
        # Sums over positions are correlations with positions as channels.
        batch, count, *size = volume.shape
        positions = size[0] * size[1]
        coefficients = ops.reshape(volume, (batch, count, 1, positions))
        channels = ops.reshape(inputs["feat"][0], (batch, -1, 1, positions))
        transposed = gocor_tf.ops.global_correlation(coefficients, channels)
        return {
            "apply_filter": ops.reshape(scores, (1, batch, count, *size)),
            "apply_feat_transpose": transposed[:, :, 0, :, None, None],
        }

    return Case(function)


def _distance_map(fixture):
    pattern = r"bins(\d+)_disp([\d.]+)_size(\d+)x(\d+)_center([\d.]+)x([\d.]+)"

    def function(inputs, params):
        outputs = {}
        for name in fixture.out:
            bins, displacement, height, width, y, x = re.fullmatch(
                pattern, name
            ).groups()
            rows = np.arange(int(height))[:, None] - float(y)
            columns = np.arange(int(width)) - float(x)
            distance = np.hypot(rows, columns).astype(np.float32)
            values = distance_map.distance_bins(
                ops.convert_to_tensor(distance)[None],
                int(bins),
                float(displacement),
            )
            outputs[name] = to_channels_first(values)
        return outputs

    return Case(function)


def _global_correlation(fixture):
    def function(inputs, params):
        query = to_channels_last(inputs["source"])
        reference = to_channels_last(inputs["target"])
        volume = gocor_tf.ops.global_correlation(reference, query)
        sizes = (-1, *reference.shape[1:3], *query.shape[1:3])
        pairs = ops.reshape(volume, sizes)
        # Historical order of the query cells: columns first.
        columns_first = ops.reshape(
            ops.transpose(pairs, (0, 1, 2, 4, 3)), volume.shape
        )
        return {
            "corr3d_hfirst": to_channels_first(volume),
            "corr3d_hfirst_norm": to_channels_first(
                normalization.relu_l2_norm(volume)
            ),
            "corr3d_wfirst": to_channels_first(columns_first),
            "corr3d_wfirst_norm": to_channels_first(
                normalization.relu_l2_norm(columns_first)
            ),
            "corr4d": ops.transpose(pairs, (0, 3, 4, 1, 2))[:, None],
        }

    return Case(function)


def _global_label_maps(fixture):
    height, width = fixture.entry["info"]["feature_size"]
    # "<predictor>.weight" of the fixture -> attribute of the layer.
    attributes = {
        "label": "label_map_predictor",
        "vplus": "spatial_weight_predictor",
        "mask": "target_mask_predictor",
    }
    layer = DistancePredictors(fixture.param["label.weight"].size)
    layer.build((None,))

    def function(inputs, params):
        distance = distance_map.offset_distances(height, width)
        return {
            name: ops.reshape(
                distance_map.unfold_offsets(values, height, width),
                (1, 1, height * width, height, width),
            )
            for name, values in zip(attributes, layer(distance), strict=True)
        }

    variables = {
        f"{name}.weight": getattr(layer, attribute)
        for name, attribute in attributes.items()
    }
    return Case(function, variables)


def _local_correlation(fixture):
    radius = (math.isqrt(fixture.inp["volume"].shape[1]) - 1) // 2

    def function(inputs, params):
        reference, query, volume = (
            to_channels_last(inputs[name])
            for name in ("reference", "query", "volume")
        )
        scores = gocor_tf.ops.local_correlation(reference, query, radius)
        transposed = gocor_tf.ops.local_correlation_transpose(
            volume, query, radius
        )
        return {
            "corr": to_channels_first(scores),
            "transpose": to_channels_first(transposed),
            "info:adjoint_lhs": ops.sum(scores * volume),
            "info:adjoint_rhs": ops.sum(reference * transposed),
        }

    return Case(function)


def _separable_conv4d(fixture):
    constructor = fixture.entry["constructor"]
    swap = not constructor["permute_back_output"]

    def function(inputs, params):
        kernels = [
            ops.transpose(params[name], (2, 3, 1, 0))
            for name in ("weight1", "weight2")
        ]
        bias = params["bias"] if constructor["bias"] else None
        forward = conv4d.separable_conv4d(inputs["x"], *kernels, bias, swap)
        unbiased = conv4d.separable_conv4d(inputs["x"], *kernels, None, swap)
        coefficients = ops.moveaxis(inputs["y"], 3, -1)
        transposed = conv4d.separable_conv4d_transpose(
            coefficients, *kernels, swap
        )
        return {
            "forward": ops.moveaxis(forward, -1, 3),
            "transpose": transposed,
            "info:adjoint_lhs": ops.sum(unbiased * coefficients),
            "info:adjoint_rhs": ops.sum(inputs["x"] * transposed),
        }

    return Case(function)


def _norm_and_matching(fixture):
    settings = fixture.entry["info"]["neigh_consensus"]
    layer = NeighbourhoodConsensus(
        settings["kernel_sizes"],
        settings["channels"],
        settings["symmetric_mode"],
    )
    layer.build((None,) * 5)

    def function(inputs, params):
        volume = inputs["corr4d"][:, 0]
        mutual = matching.mutual_matching(volume)
        first = conv4d.conv4d(
            mutual[..., None], layer.kernels[0], layer.biases[0]
        )
        scores = inputs["score"], inputs["m"]
        return {
            "l2norm": to_channels_first(
                normalization.feature_l2_norm(to_channels_last(inputs["feat"]))
            ),
            "leaky_relu_par": score_activation.score_activation(*scores),
            "leaky_relu_par_deriv": (
                score_activation.score_activation_derivative(*scores)
            ),
            "mutual_matching": mutual[:, None],
            "conv4d_first_layer": to_channels_first(first),
            "neigh_consensus": layer(mutual)[:, None],
            "mutual_neigh_mutual": matching.mutual_matching(layer(mutual))[
                :, None
            ],
        }

    variables = {}
    for index, pair in enumerate(zip(layer.kernels, layer.biases, strict=True)):
        variables[f"conv.{2 * index}.weight"] = pair[0]
        variables[f"conv.{2 * index}.bias"] = pair[1]
    return Case(function, variables)


CASES = {
    "apply_filter": _apply_filter,
    "distance_map": _distance_map,
    "global_correlation": _global_correlation,
    "global_label_maps": _global_label_maps,
    "local_correlation": _local_correlation,
    "norm_and_matching": _norm_and_matching,
    "separable_conv4d": _separable_conv4d,
}
