"""What the published names of GOCor's settings and parameters are here."""

from keras import ops

# Published keyword -> ours, in both modules.
_KEYWORDS = {
    "optim_iter": "num_iterations",
    "num_iter": "num_iterations",
    "apply_query_loss": "query_objective",
    "init_gauss_sigma_DIMP": "init_gauss_sigma",
    "steplength_reg": "step_length_reg",
    **{
        name: name
        for name in (
            "init_step_length",
            "init_filter_reg",
            "min_filter_reg",
            "num_dist_bins",
            "bin_displacement",
            "init_gauss_sigma",
            "v_minus_act",
            "v_minus_init_factor",
            "train_label_map",
            "reg_kernel_size",
            "reg_inter_dim",
            "reg_output_dim",
        )
    },
}
# Published defaults that are not ours.
_DEFAULTS = {"query_objective": False, "reg_inter_dim": 1, "reg_output_dim": 1}
# Settings without an effect: sizes that follow from the features, and keys
# that the published code reads nowhere.
_NO_EFFECT = ("num_features", "score_act")
# What the published local module ignores besides.
IGNORED_BY_LOCAL = ("steplength_reg", "train_label_map")

_INITIALIZERS = {
    "Simple": "simple",
    "FlexibleSimple": "flexible_simple",
    "ContextAware": "context_aware",
    "FlexibleContextAware": "flexible_context_aware",
    "Zero": "zero",
    "Zeros": "zero",
}


def layer_keywords(settings, ignored=()):
    """Translates the settings of a fixture.

    Args:
        settings: published keywords and values.
        ignored: more keywords that the published module ignores.

    Returns:
        Keywords of our layer.

    Raises:
        KeyError: if a setting is unknown, so that none is skipped silently.
    """
    keywords = dict(_DEFAULTS)
    for name, value in settings.items():
        if name not in (*_NO_EFFECT, *ignored):
            keywords[_KEYWORDS[name]] = value
    return keywords


def initializer_name(published):
    """Returns our name of an initializer's published name."""
    return _INITIALIZERS[published]


def filter_maps(layer, filter_map, reference, query, outputs):
    """Returns the filter maps after 0, 1, 2 ... iterations.

    Args:
        layer: a built `GlobalGOCor` or `LocalGOCor`.
        filter_map: where the steepest descent starts.
        reference: reference features.
        query: query features.
        outputs: names of the fixture's outputs, `filter_iter<number>`.
    """
    last = max(
        int(name.removeprefix("filter_iter"))
        for name in outputs
        if name.startswith("filter_iter")
    )
    return [
        layer.steepest_descent(filter_map, reference, query, number)
        for number in range(last + 1)
    ]


def losses(fixture, layer, filter_maps, reference, query):
    """Returns the internal losses before each iteration.

    They are means over the samples of the objective's terms.

    Args:
        fixture: the fixture.
        layer: a built `GlobalGOCor` or `LocalGOCor`.
        filter_maps: those that the iterations start from.
        reference: reference features.
        query: query features.
    """
    names = {
        "loss_train": "total",
        "loss_train_reference_loss": "reference",
        "loss_train_reg": "regularization",
        "loss_train_query_loss": "query",
    }
    terms = [layer.objective(f, reference, query) for f in filter_maps]
    values = {
        name: ops.stack([ops.sum(t.get(term, 0.0)) for t in terms])
        / reference.shape[0]
        for name, term in names.items()
    }
    if "loss_train_float64" in fixture.entry["info"]:
        values["info:loss_train_float64"] = values["loss_train"]
    return values
