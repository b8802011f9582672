"""Cases of the group `ops` that treat images and flows."""

import re

import numpy as np
from keras import ops

import gocor_tf.ops
from gocor_tf.ops import flow, preprocess, resize
from gocor_tf.ops.warp import in_view_mask, masked_warp, warp_by_mapping
from tests.oracle.fixture_check import (
    Case,
    to_channels_first,
    to_channels_last,
)


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
    "preprocess": _preprocess,
    "resize_and_mapping": _resize_and_mapping,
    "warp": _warp,
}
