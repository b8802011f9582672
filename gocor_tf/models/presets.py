"""Presets: a name, the network it stands for, and where its weights are."""

import difflib
import os

from gocor_tf.models.basenet import BaseNet
from gocor_tf.models.glunet import GLUNet
from gocor_tf.models.imagenet_weights import load_imagenet_weights
from gocor_tf.models.pdcnet import PDCNet
from gocor_tf.models.pwcnet import PWCNet
from gocor_tf.models.semantic_glunet import SemanticGLUNet
from gocor_tf.models.weights import load_weights

_WEIGHTS_DIR = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "weights"
)

# The published constants of the query objective (spec models.md, 8.1).
_GOCOR = {
    "global_correlation": "gocor",
    "local_correlation": "gocor",
    "global_gocor": {"reg_inter_dim": 16, "reg_output_dim": 16},
}

# What PDC-Net changes in GOCor: a damped step, and a fixed, sharper label.
_PDC_GOCOR = {
    "global_gocor": {
        **_GOCOR["global_gocor"],
        "step_length_reg": 0.1,
        "train_label_map": False,
        "init_gauss_sigma": 0.5,
    },
}

_PRESETS = {
    "default": {
        "description": "compact PDC-Net with GOCor, trained by this project "
        "on synthetic warps of photographs (docs/model_card.md)",
        "licence": "Apache-2.0",
        "parameters": 1_446_299,
        "network": PDCNet,
        "arguments": {
            "backbone": "compact",
            "width": 0.5,
            "upsampling": "bilinear",
            "global_gocor": {"query_objective": False},
            "radius": 5.0,
        },
        "weights": "default.weights.h5",
    },
    "basenet": {
        "description": "BaseNet of the GOCor paper: dot-product volumes",
        "licence": "no weights included",
        "parameters": 11_464_186,
        "network": BaseNet,
        "arguments": {},
        "weights": None,
    },
    "basenet_gocor": {
        "description": "BaseNet of the GOCor paper: GOCor volumes",
        "licence": "no weights included",
        "parameters": 11_467_723,
        "network": BaseNet,
        "arguments": _GOCOR,
        "weights": None,
    },
    "glunet": {
        "description": "GLU-Net: dot-product volumes at two resolutions",
        "licence": "no weights included",
        "parameters": 13_596_376,
        "network": GLUNet,
        "arguments": {"mutual_matching": True},
        "weights": None,
    },
    "glunet_gocor": {
        "description": "GLU-Net-GOCor: GOCor volumes at two resolutions",
        "licence": "no weights included",
        "parameters": 13_599_913,
        "network": GLUNet,
        "arguments": _GOCOR,
        "weights": None,
    },
    "glunet_gocor_star": {
        "description": "GLU-Net-GOCor*: residual decoders, and a pyramid for "
        "each resolution",
        "licence": "no weights included",
        "parameters": 12_407_395,
        "network": GLUNet,
        "arguments": {
            **_GOCOR,
            "global_gocor": {**_GOCOR["global_gocor"], "step_length_reg": 0.1},
            "decoder": "residual",
            "context_sees_flow": True,
            "two_pyramids": True,
        },
        "weights": None,
    },
    "pdcnet": {
        "description": "PDC-Net: GLU-Net-GOCor* with a mixture of Laplace "
        "distributions, whose probability is the confidence",
        "licence": "no weights included",
        "parameters": 10_817_351,
        "network": PDCNet,
        "arguments": _PDC_GOCOR,
        "weights": None,
    },
    "pdcnet_plus": {
        "description": "PDC-Net+: PDC-Net with a pyramid for each resolution",
        "licence": "no weights included",
        "parameters": 12_552_839,
        "network": PDCNet,
        "arguments": {**_PDC_GOCOR, "two_pyramids": True},
        "weights": None,
    },
    "pwcnet": {
        "description": "PWC-Net: optical flow from local volumes",
        "licence": "no weights included",
        "parameters": 9_374_274,
        "network": PWCNet,
        "arguments": {},
        "weights": None,
    },
    "pwcnet_gocor": {
        "description": "PWC-Net with local GOCor at every level",
        "licence": "no weights included",
        "parameters": 9_374_439,
        "network": PWCNet,
        "arguments": {"local_correlation": "gocor"},
        "weights": None,
    },
    "semantic_glunet": {
        "description": "Semantic-GLU-Net: matches different things of a kind",
        "licence": "no weights included",
        "parameters": 13_606_117,
        "network": SemanticGLUNet,
        "arguments": {},
        "weights": None,
    },
}


def presets():
    """Returns what there is to load.

    Returns:
        A dict: name -> `{"description", "licence", "parameters",
        "embedded"}`, where `embedded` says whether the package holds weights.
    """
    return {
        name: {
            "description": preset["description"],
            "licence": preset["licence"],
            "parameters": preset["parameters"],
            "embedded": _embedded_weights(preset) is not None,
        }
        for name, preset in _PRESETS.items()
    }


def load_model(name="default", weights="preset", **kwargs):
    """Returns a built network.

    ```python
    model = gocor_tf.load_model("default")
    model = gocor_tf.load_model("basenet_gocor", weights=None)
    ```

    Args:
        name: a preset, see `presets()`.
        weights: "preset" for the weights in the package, the path of a
            `.weights.h5` file, None for an untrained network, or "imagenet"
            for one whose VGG-16 pyramid alone is trained: the weights of
            `keras.applications.VGG16`, which Keras downloads (see
            `load_imagenet_weights`).
        **kwargs: constructor arguments that replace the preset's own.

    Raises:
        ValueError: if there is no such preset, if "preset" is asked for where
            the package holds no weights, or if the file does not fit.
    """
    if name not in _PRESETS:
        raise ValueError(
            f"`name` must be one of {sorted(_PRESETS)}."
            f"{did_you_mean(name, _PRESETS)} Received: name={name!r}"
        )
    preset = _PRESETS[name]
    if weights == "preset":
        weights = _embedded_weights(preset)
        if weights is None:
            raise ValueError(
                f"`weights` must be a .weights.h5 file, or None for an "
                f"untrained network: the package holds no weights for preset "
                f"{name!r}. Received: weights='preset'"
            )
    arguments = {"name": name, **preset["arguments"], **kwargs}
    model = preset["network"](**arguments)
    model.build()
    if weights == "imagenet":
        load_imagenet_weights(model)
    elif weights is not None:
        load_weights(model, os.fspath(weights))
    return model


def did_you_mean(name, names):
    """Returns " Did you mean ...?" with the nearest of some names, or "".

    Args:
        name: what was given, in any case.
        names: what there is, in lower case.
    """
    nearest = difflib.get_close_matches(str(name).lower(), names, 1)
    return f" Did you mean {nearest[0]}?" if nearest else ""


def _embedded_weights(preset):
    if preset["weights"] is None:
        return None
    path = os.path.join(_WEIGHTS_DIR, preset["weights"])
    return path if os.path.isfile(path) else None
