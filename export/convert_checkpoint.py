"""Converts a published PyTorch checkpoint to a weights file of Keras.

    gocor-convert --checkpoint=GLUNet_GOCor_static.pth \
        --output=glunet_gocor.weights.h5

Nothing that the checkpoint holds is run: it is read as tensors alone. The file
is checked before it appears: loaded into a new network, it gives every array
bit for bit and finite answers. Files that exist are never overwritten.
"""

import os

from absl import app, flags

from gocor_tf.models.presets import did_you_mean
from gocor_tf.trainers import command_line, output_folder

from . import checkpoint_conversion

# Older releases corrupt memory on hostile files that they read as weights.
_OLDEST_TORCH = (2, 10)


def define_flags():
    """Defines the flags of `gocor-convert`."""
    flags.DEFINE_string("checkpoint", None, "The .pth or .pth.tar file.")
    flags.DEFINE_string(
        "preset",
        "auto",
        "Network of the checkpoint: "
        f"{', '.join(checkpoint_conversion.PRESETS)}, or auto to recognize it "
        "by the names and shapes of its tensors.",
    )
    flags.DEFINE_string("output", None, "The .weights.h5 file to write.")


def convert(argv):
    """Converts the checkpoint that the flags name."""
    command_line.check_no_arguments(argv)
    arguments = flags.FLAGS
    _check_flags(arguments)
    _check_torch(command_line.import_extra("torch", "convert"))
    output_folder.create_parent(arguments.output, "output")
    summary = checkpoint_conversion.convert(
        arguments.checkpoint, arguments.preset, arguments.output
    )
    print(
        f"{summary['preset']}: {summary['parameters']:,} parameters in "
        f"{summary['arrays']} arrays, each equal to the checkpoint's"
    )
    print(f"{arguments.output}: sha256 {summary['sha256']}")


def _check_flags(arguments):
    for name in ("checkpoint", "output"):
        if not arguments[name].value:
            raise app.UsageError(f"`--{name}` must be given")
    presets = (*checkpoint_conversion.PRESETS, "auto")
    if arguments.preset not in presets:
        raise app.UsageError(
            f"`--preset` must be one of {', '.join(presets)}."
            f"{did_you_mean(arguments.preset, presets)} "
            f"Received: --preset={arguments.preset}"
        )
    if not arguments.output.endswith(".weights.h5"):
        raise app.UsageError(
            "`--output` must end in .weights.h5. "
            f"Received: --output={arguments.output}"
        )
    if os.path.lexists(arguments.output):
        raise app.UsageError(
            "`--output` must not exist yet, it is never overwritten. "
            f"Received: --output={arguments.output}"
        )


def _check_torch(torch):
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    if version < _OLDEST_TORCH:
        raise app.UsageError(
            f"PyTorch {torch.__version__} cannot read files safely: "
            "pip install --upgrade 'gocor_tf[convert]'"
        )


def main():
    """Runs `gocor-convert`."""
    command_line.run(convert, define_flags)


if __name__ == "__main__":
    main()
