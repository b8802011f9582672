"""Trains a network on a folder of photographs, without labels.

gocor-train --workdir=DIR --config=trainers/configs/default.py
    --config.data.image_dir=PHOTOGRAPHS

The same command again goes on from the last checkpoint.
"""

from absl import flags

from . import command_line


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
    flags.mark_flags_as_required(["config", "workdir"])


def train(argv):
    """Trains as the flags say."""
    command_line.check_no_arguments(argv)
    from . import train_lib

    train_lib.train(flags.FLAGS.config, flags.FLAGS.workdir)


def main():
    """Runs the command."""
    command_line.run(train, define_flags)


if __name__ == "__main__":
    main()
