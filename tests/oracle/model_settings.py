"""What the published names of networks and of their settings are here."""

import gocor_tf
from tests.oracle import gocor_settings

# Published network -> preset.
PRESETS = {
    "BaseNet": "basenet",
    "BaseNet_GOCor": "basenet_gocor",
    "GLUNet": "glunet",
    "GLUNet_GOCor": "glunet_gocor",
    "GLUNet_GOCor_star": "glunet_gocor_star",
    "PDCNet": "pdcnet",
    "PDCNet_plus": "pdcnet_plus",
    "PWCNet": "pwcnet",
    "PWCNet_GOCor": "pwcnet_gocor",
    "SemanticGLUNet": "semantic_glunet",
}

_GLOBAL_CORRELATIONS = {
    "GlobalGOCor": "gocor",
    "NC-Net": "nc_net",
    "feature_corr_layer": "feature",
    "global_corr": "feature",
}
_LOCAL_CORRELATIONS = {"LocalGOCor": "gocor", "feature_corr_layer": "feature"}
# Settings that follow from the others, or have one value in all networks.
_IMPLIED = ("normalize", "normalize_features", "same_local_corr_at_all_levels")


def load(constructor, dtype):
    """Makes the network of a fixture.

    Args:
        constructor: published name and settings.
        dtype: "float32" or "float64".

    Returns:
        The built network, untrained, and its numbers of GOCor iterations.

    Raises:
        KeyError: if a setting is unknown, so that none is skipped silently.
    """
    settings = dict(constructor)
    name = settings.pop("model")
    num_global = settings.pop("global_optim_iter")
    num_local = settings.pop("local_optim_iter")
    keywords = _keywords(settings.pop("kwargs", {}))
    if "iterative_refinement" in settings:
        keywords["iterative_refinement"] = settings.pop("iterative_refinement")
    if settings:
        raise KeyError(f"unknown settings of {name}: {settings}")
    model = gocor_tf.load_model(
        PRESETS[name], weights=None, dtype=dtype, **keywords
    )
    # Unsaid, the local number is the global one (spec models.md, 8.2).
    num_local = num_global if num_local is None else num_local
    return model, {"global": num_global, "local": num_local}


def _keywords(settings):
    """Translates the keywords of a published class."""
    keywords = {}
    for name, value in settings.items():
        if name == "global_corr_type":
            keywords["global_correlation"] = _GLOBAL_CORRELATIONS[value]
        elif name == "local_corr_type":
            keywords["local_correlation"] = _LOCAL_CORRELATIONS[value]
        elif name == "global_gocor_arguments":
            keywords["global_gocor"] = gocor_settings.layer_keywords(value)
        elif name == "local_gocor_arguments":
            keywords["local_gocor"] = gocor_settings.layer_keywords(
                value, gocor_settings.IGNORED_BY_LOCAL
            )
        elif name not in _IMPLIED:
            raise KeyError(f"unknown setting of the network: {name}={value}")
    return keywords
