"""The options that global and local GOCor share, and checks of arguments."""

ARGUMENTS = (
    "num_iterations",
    "initializer",
    "query_objective",
    "reference_objective",
    "init_step_length",
    "init_filter_reg",
    "min_filter_reg",
    "step_length_reg",
    "num_dist_bins",
    "bin_displacement",
    "init_gauss_sigma",
    "v_minus_act",
    "v_minus_init_factor",
    "train_label_map",
    "score_eta",
    "reg_kernel_size",
    "reg_inter_dim",
    "reg_output_dim",
)

POSITIVE = ("init_step_length", "reg_inter_dim", "reg_output_dim")
NOT_NEGATIVE = ("min_filter_reg", "step_length_reg", "score_eta")


def check_options(options):
    """Raises ValueError at the first option outside its range.

    Args:
        options: dict of a layer's constructor arguments.
    """
    check_num_iterations(options["num_iterations"])
    if options["reference_objective"] not in ("robust", "regression"):
        raise ValueError(
            '`reference_objective` must be "robust" or "regression". Received: '
            f"reference_objective={options['reference_objective']!r}"
        )
    for name in POSITIVE:
        if options[name] <= 0:
            raise ValueError(
                f"`{name}` must be > 0. Received: {name}={options[name]}"
            )
    for name in NOT_NEGATIVE:
        if options[name] < 0:
            raise ValueError(
                f"`{name}` must be >= 0. Received: {name}={options[name]}"
            )
    if options["reg_kernel_size"] < 1 or options["reg_kernel_size"] % 2 == 0:
        raise ValueError(
            "`reg_kernel_size` must be odd and > 0. "
            f"Received: reg_kernel_size={options['reg_kernel_size']}"
        )


def check_num_iterations(num_iterations):
    """Raises ValueError if a number of iterations is negative."""
    if num_iterations < 0:
        raise ValueError(
            "`num_iterations` must be >= 0. "
            f"Received: num_iterations={num_iterations}"
        )


def split_iterations(num_iterations):
    """Returns the numbers of iterations of global and of local GOCor.

    Args:
        num_iterations: one number for both; `{"global": 3, "local": 7}`, where
            either may be missing; None: the layers' own.

    Raises:
        ValueError: if the dict has other keys.
    """
    if not isinstance(num_iterations, dict):
        return num_iterations, num_iterations
    if not num_iterations.keys() <= {"global", "local"}:
        raise ValueError(
            '`num_iterations` must be a number or {"global": number, "local": '
            f"number}}. Received: num_iterations={num_iterations}"
        )
    return num_iterations.get("global"), num_iterations.get("local")


def check_features(reference_features_shape, query_features_shape):
    """Raises ValueError unless two feature maps can be correlated."""
    for name, shape in (
        ("reference_features", tuple(reference_features_shape)),
        ("query_features", tuple(query_features_shape)),
    ):
        if len(shape) != 4 or shape[-1] is None:
            raise ValueError(
                f"`{name}` must be (batch, height, width, channels) with a "
                f"known number of channels. Received: {name}.shape={shape}"
            )
    if reference_features_shape[-1] != query_features_shape[-1]:
        raise ValueError(
            "`query_features` must have the channels of `reference_features`, "
            f"{reference_features_shape[-1]}. Received: "
            f"query_features.shape={tuple(query_features_shape)}"
        )
    batches = reference_features_shape[0], query_features_shape[0]
    if None not in batches and batches[0] != batches[1]:
        raise ValueError(
            "`query_features` must have the batch size of "
            f"`reference_features`, {batches[0]}. Received: "
            f"query_features.shape={tuple(query_features_shape)}"
        )
