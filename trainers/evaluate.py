"""Scores networks, and other matchers, on pairs with ground truth.

    gocor-evaluate --pairs=pairs.json --output=results.json
    gocor-evaluate --dataset=hpatches --data_dir=hpatches-sequences-release
    gocor-evaluate --pairs=pairs.json --baseline=dis,farneback,sift
        --report_dir=report

Each data set is scored by its published protocol, which is printed above the
table. With --output or --report_dir, a run that was stopped goes on where it
was. --report_dir also gets Markdown, CSV, plots, and a page of the worst and
best pairs.
"""

from absl import app, flags

from gocor_tf import stages

from . import command_line, network_flags
from .evaluation import baselines, command, protocols


def define_flags():
    """Defines the flags of `gocor-evaluate`."""
    flags.DEFINE_string("pairs", None, "The pairs.json that lists the pairs.")
    flags.DEFINE_string(
        "dataset", None, f"One of {', '.join(protocols.PROTOCOLS)}."
    )
    flags.DEFINE_string("data_dir", None, "Folder of --dataset.")
    flags.DEFINE_string(
        "variant",
        None,
        "Of the data set, such as noc for KITTI; the published one if not "
        "given.",
    )
    flags.DEFINE_list(
        "preset", ["default"], "Names of networks; empty for baselines alone."
    )
    flags.DEFINE_list(
        "weights",
        [],
        "A .weights.h5 file for each preset, or 'random' for untrained "
        "weights. Not needed where the package holds the presets' own.",
    )
    flags.DEFINE_enum("mode", None, stages.MODES, network_flags.MODE_HELP)
    network_flags.define_max_pixels("no limit, as data sets are published")
    flags.DEFINE_list(
        "num_iterations",
        [],
        "Of GOCor: N, or GLOBAL,LOCAL; the networks' own if not given. "
        "Without effect on networks that have no GOCor.",
    )
    flags.DEFINE_list(
        "baseline",
        [],
        f"Matchers to compare with: {', '.join(baselines.BASELINES)}, or "
        "MODULE:FUNCTION of two uint8 RGB images, reference first, that "
        "returns a flow in px, or (flow, confidence).",
    )
    flags.DEFINE_integer(
        "batch_size",
        1,
        "Successive pairs of one size that a network sees together, to fill a "
        "GPU; more than 1 needs --mode=direct.",
        lower_bound=1,
    )
    flags.DEFINE_string("device", None, "Such as cpu:0 or gpu:1.")
    flags.DEFINE_bool(
        "skip_bad",
        False,
        "Leave out pairs that cannot be read, and count them; else the first "
        "one ends the run.",
    )
    flags.DEFINE_string("output", None, "JSON file to write.")
    flags.DEFINE_string(
        "report_dir", None, "Folder for tables, plots and index.html."
    )
    flags.DEFINE_string("save_flow", None, "Folder for one <name>.flo a pair.")


def evaluate(argv):
    """Runs the evaluation that the flags ask for."""
    command_line.check_no_arguments(argv)
    arguments = flags.FLAGS
    if bool(arguments.pairs) == bool(arguments.dataset):
        raise app.UsageError(
            "either `--pairs`, or `--dataset` and `--data_dir`, must be given"
        )
    if bool(arguments.dataset) != bool(arguments.data_dir):
        raise app.UsageError(
            "`--dataset` and `--data_dir` must be given together"
        )
    command.run(arguments)


def main():
    """Runs `gocor-evaluate`."""
    command_line.run(evaluate, define_flags)


if __name__ == "__main__":
    main()
