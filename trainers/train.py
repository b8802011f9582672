"""Trains a network on a folder of photographs, without labels.

gocor-train --workdir=DIR --config=trainers/configs/default.py
    --config.data.image_dir=PHOTOGRAPHS

The same command again goes on from the last checkpoint. With --render=NUMBER
it does not train, but writes so many of the pairs that it would train on as
TFRecords; --runner=RUNNER -- OPTIONS has Apache Beam's workers do that.
"""

from absl import app, flags

from . import command_line, workforce


def define_flags():
    """Defines the command's flags."""
    config_flags = command_line.import_extra(
        "ml_collections.config_flags", "train"
    )
    config_flags.DEFINE_config_file(
        "config",
        None,
        "Configuration file, FILE or FILE:VARIANT; --config.FIELD=VALUE "
        "overrides one field.",
    )
    flags.DEFINE_string(
        "workdir",
        None,
        "Folder of checkpoints, logs, weights and report. A run that was "
        "stopped goes on from the last checkpoint in it.",
    )
    flags.DEFINE_integer(
        "render",
        None,
        "Number of pairs to write to --workdir instead of training; train on "
        "them with --config.data.records_dir.",
    )
    workforce.define_flag()
    flags.mark_flags_as_required(["config", "workdir"])


def train(argv):
    """Trains, or renders pairs, as the flags say."""
    arguments = flags.FLAGS
    if arguments.render is not None:
        _render(argv[1:])
        return
    command_line.check_no_arguments(argv)
    if arguments.runner:
        raise app.UsageError("`--runner` goes with --render")
    from . import train_lib

    train_lib.train(arguments.config, arguments.workdir)


def _render(beam_options):
    """Renders the pairs of `--render`."""
    from . import render_lib

    arguments = flags.FLAGS
    workers = workforce.Workforce(arguments.runner, beam_options)
    print(
        render_lib.render(
            arguments.config, arguments.workdir, arguments.render, workers
        )
    )


def main():
    """Runs the command."""
    command_line.run(train, define_flags)


if __name__ == "__main__":
    main()
