"""The flags that choose a network and how it is run over a pair."""

from absl import app, flags, logging

from gocor_tf import models, stages
from gocor_tf.matcher import Matcher
from gocor_tf.models.presets import did_you_mean

MODE_HELP = (
    "Passes over a pair; by default alignment for networks with a compact "
    "pyramid, such as the default, and direct for others and for videos."
)


def define():
    """Defines `--preset` and `--weights`."""
    flags.DEFINE_string("preset", "default", "Name of the network.")
    flags.DEFINE_string(
        "weights",
        None,
        "A .weights.h5 file of the preset, or 'random' for untrained weights. "
        "Not needed where the package holds the preset's own.",
    )


def define_mode():
    """Defines `--mode`."""
    flags.DEFINE_enum("mode", None, stages.MODES, MODE_HELP)


def define_max_pixels(by_default="as many as fit into little memory"):
    """Defines `--max_pixels`.

    Args:
        by_default: what happens if it is not given, in words.
    """
    flags.DEFINE_integer(
        "max_pixels",
        None,
        "Pixels of an image that goes through the network at once; larger "
        f"pairs are matched in tiles. By default {by_default}.",
        lower_bound=256**2,
    )


def create_matcher(size=None, default_mode=None):
    """Builds the matcher that the flags choose.

    Args:
        size: see `Matcher`.
        default_mode: where `--mode` is not given, see `Matcher`.
    """
    arguments = flags.FLAGS
    return Matcher(
        load_model(arguments.preset, arguments.weights),
        size,
        arguments.mode or default_mode,
        max_pixels=arguments.max_pixels,
    )


def load_model(preset, weights):
    """Builds a network.

    Args:
        preset: value of `--preset`.
        weights: value of `--weights`.

    Returns:
        The built network.

    Raises:
        UsageError: if the preset does not exist or has no embedded weights.
    """
    presets = models.presets()
    if preset not in presets:
        raise app.UsageError(
            f"`--preset` must be one of {', '.join(sorted(presets))}."
            f"{did_you_mean(preset, presets)} Received: --preset={preset}"
        )
    if weights is None and not presets[preset]["embedded"]:
        raise app.UsageError(
            f"the package holds no weights of {preset}: pass --weights=FILE, "
            "or --weights=random for an untrained network"
        )
    if weights == "random":
        logging.warning("random weights: the flow will mean nothing")
        return models.load_model(preset, weights=None)
    return models.load_model(preset, weights=weights or "preset")
