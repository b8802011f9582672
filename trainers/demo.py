"""Opens a page on this machine: two photographs in, pictures out.

    gocor-demo
    gocor-demo --preset=default,glunet --weights=,glunet.weights.h5

The page is served on 127.0.0.1 alone, loads nothing from elsewhere and sends
nothing there. It ends with Ctrl-C, and what was uploaded goes with it.
"""

import os
import tempfile

from absl import app, flags

from gocor_tf import stages

from . import command_line, network_flags

_ADDRESS = "127.0.0.1"


def define_flags():
    """Defines the flags of `gocor-demo`."""
    flags.DEFINE_integer(
        "port", 7860, "Of the page.", lower_bound=1, upper_bound=65535
    )
    flags.DEFINE_list(
        "preset", ["default"], "Names of networks to choose from on the page."
    )
    flags.DEFINE_list(
        "weights",
        [],
        "A .weights.h5 file for each preset, or 'random' for untrained "
        "weights; empty where the package holds the preset's own.",
    )
    flags.DEFINE_enum("mode", None, stages.MODES, network_flags.MODE_HELP)


def demo(argv):
    """Serves the page until it is interrupted."""
    command_line.check_no_arguments(argv)
    arguments = flags.FLAGS
    with tempfile.TemporaryDirectory(prefix="gocor_demo_") as folder:
        # Gradio reads both when it is imported.
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        os.environ["GRADIO_TEMP_DIR"] = os.path.join(folder, "uploads")
        command_line.import_extra("gradio", "demo")
        networks = load_networks(arguments.preset, arguments.weights)
        from . import demo_page

        demo_page.serve(
            demo_page.build(networks, arguments.mode, folder),
            _ADDRESS,
            arguments.port,
        )


def load_networks(presets, weights):
    """Loads the networks that the page offers.

    Args:
        presets: values of `--preset`.
        weights: values of `--weights`, as many or none.

    Returns:
        Dict: preset -> network.

    Raises:
        UsageError: if the numbers differ, or a preset does not exist or has
            no weights.
    """
    weights = weights or [None] * len(presets)
    if not presets or len(weights) != len(presets):
        raise app.UsageError(
            "`--preset` must name a network, and `--weights` have an entry "
            f"for each. Received: {len(presets)} and {len(weights)}"
        )
    return {
        preset: network_flags.load_model(preset, file or None)
        for preset, file in zip(presets, weights, strict=True)
    }


def main():
    """Runs `gocor-demo`."""
    command_line.run(demo, define_flags)


if __name__ == "__main__":
    main()
