"""Cases of the group `ops`: tensor functions."""

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
    flow,
    matching,
    normalization,
    preprocess,
    resize,
    score_activation,
)
from gocor_tf.ops.warp import in_view_mask, masked_warp, warp_by_mapping
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
            "apply_feat_transpose": ops.transpose(
                transposed[:, :, 0], (0, 1, 2)
            )[..., None, None],
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


def _preprocess(fixture):
    prefixes = sorted({name.partition("_")[0] for name in fixture.inp})

    def function(inputs, params):
        outputs = {}
        for prefix in prefixes:
            outputs |= _preprocess_pair(fixture, inputs, prefix)
        return outputs

    return Case(function)


def _preprocess_pair(fixture, inputs, prefix):
    """Returns all that the fixture stores of one pair, or single image."""
    images = {
        role: inputs[f"{prefix}_{role}"][None]
        for role in ("source", "target")
        if f"{prefix}_{role}" in inputs
    }
    query = images["source"]
    reference = images.get("target", query)
    size = reference.shape[1:3]
    glunet = preprocess.preprocess_glunet(reference, query)
    basenet = preprocess.preprocess_basenet(reference, query)
    pwcnet = preprocess.preprocess_pwcnet(reference, query)
    outputs = {
        f"info:{prefix}_{family}_ratio_xy": np.divide(
            size[::-1], inputs_of["reference"].shape[2:0:-1]
        )
        for family, inputs_of in (
            ("glu", glunet),
            ("base", basenet),
            ("pwc", pwcnet),
        )
    }
    for role, name in (("source", "query"), ("target", "reference")):
        if role in images:
            outputs |= {
                f"{prefix}_glu_{role}": glunet[name],
                f"{prefix}_glu_{role}_256": glunet[f"{name}_256"],
                f"{prefix}_base_{role}": basenet[name],
                f"{prefix}_pwc_{role}": pwcnet[name],
                f"{prefix}_glu_training_{role}": preprocess.normalize_image(
                    images[role]
                ),
            }
    return {
        name: value if name.startswith("info:") else to_channels_first(value)
        for name, value in outputs.items()
    }


def _resize_and_mapping(fixture):
    functions = {
        "bilinear": ("x", resize.bilinear_resize),
        "area": ("x", resize.area_resize),
        "resize_and_rescale_flow": ("flow", flow.resize_flow),
    }

    def function(inputs, params):
        vectors = to_channels_last(inputs["flow"])
        mapping = flow.flow_to_mapping(vectors)
        upsampled = ops.conv_transpose(
            vectors,
            ops.transpose(params["deconv.weight"], (2, 3, 1, 0)),
            strides=2,
            padding="same",
        )
        outputs = {
            "flow_from_normalised_mapping": flow.normalized_mapping_to_flow(
                to_channels_last(inputs["mapping"])
            ),
            "mapping_from_flow": mapping,
            "flow_from_mapping": flow.mapping_to_flow(mapping),
            "bilinear_deconv": upsampled + params["deconv.bias"],
        }
        for name in fixture.out:
            sized = re.fullmatch(r"(\w+)_(\d+)x(\d+)", name)
            if sized:
                kind, height, width = sized.groups()
                argument, resize_function = functions[kind]
                outputs[name] = resize_function(
                    to_channels_last(inputs[argument]),
                    (int(height), int(width)),
                )
        outputs = {k: to_channels_first(v) for k, v in outputs.items()}
        outputs["valid_mask_of_flow"] = in_view_mask(vectors)[..., 0]
        return outputs

    return Case(function)


def _warp(fixture):
    def function(inputs, params):
        outputs = {}
        for name in fixture.out:
            if name.endswith("_stable"):
                continue
            # <kind>_<variant>: the image "x" and the "flow" of this variant.
            kind, variant, suffix = re.fullmatch(
                r"(warp|edges)_(glu|pwc|util|mapping)(_\w+)?", name
            ).groups()
            image = inputs[f"x{suffix or ''}"]
            vectors = inputs[_flow_name(fixture, kind, suffix)]
            count = min(image.shape[0], vectors.shape[0])
            outputs[name] = to_channels_first(
                _WARPS[variant](
                    to_channels_last(image[:count]),
                    to_channels_last(vectors[:count]),
                )
            )
        return outputs

    return Case(function)


def _flow_name(fixture, kind, suffix):
    name = "flow_edges" if kind == "edges" else f"flow{suffix or ''}"
    return name if name in fixture.inp else "flow"


def _published_warp(image, vectors):
    """Warps as the published code does, with its slip.

    It scales coordinates to [-1, 1] by the size of the flow and back by that
    of the image, so an image of another size is sampled in the wrong places,
    and along a side of length 1 only the first pixel is ever sampled. The
    product's `warp` samples where the flow points.
    """
    size = np.array(image.shape[2:0:-1], np.float32)
    flow_size = np.array(vectors.shape[2:0:-1], np.float32)
    slip = (size - 1) / np.maximum(flow_size - 1, 1)
    if np.all(slip == 1):
        return gocor_tf.ops.warp(image, vectors)
    mapping = ops.multiply(flow.flow_to_mapping(vectors), slip)
    return warp_by_mapping(image, mapping)


_WARPS = {
    "glu": _published_warp,
    "util": _published_warp,
    "pwc": masked_warp,
    "mapping": lambda image, vectors: warp_by_mapping(
        image, flow.flow_to_mapping(vectors)
    ),
}

CASES = {
    "apply_filter": _apply_filter,
    "distance_map": _distance_map,
    "global_correlation": _global_correlation,
    "global_label_maps": _global_label_maps,
    "local_correlation": _local_correlation,
    "norm_and_matching": _norm_and_matching,
    "preprocess": _preprocess,
    "resize_and_mapping": _resize_and_mapping,
    "separable_conv4d": _separable_conv4d,
    "warp": _warp,
}
