"""Writes a network as a SavedModel that TensorFlow Serving loads.

    gocor-export --output_dir=exported

writes exported/default/1/, the next run exported/default/2/. TensorFlow alone
loads it: neither gocor_tf nor Keras is needed where it is served.
"""

import pathlib
import tempfile

import keras
from absl import app, flags

from gocor_tf.trainers import command_line, network_flags, output_folder


def define_flags():
    """Defines the flags of `gocor-export`."""
    network_flags.define()
    flags.DEFINE_string(
        "output_dir", None, "Folder to write <preset>/<version>/ into."
    )


def export(argv):
    """Writes the version directory that the flags describe."""
    command_line.check_no_arguments(argv)
    arguments = flags.FLAGS
    if not arguments.output_dir:
        raise app.UsageError("`--output_dir` must be given")
    if keras.backend.backend() != "tensorflow":
        raise app.UsageError(
            "`KERAS_BACKEND` must be tensorflow to write a SavedModel. "
            f"Received: KERAS_BACKEND={keras.backend.backend()}"
        )
    model = network_flags.load_model(flags.FLAGS.preset, flags.FLAGS.weights)
    output_folder.create(arguments.output_dir, "output_dir")
    print(write_version(model, arguments.output_dir, arguments.preset))


def write_version(model, output_dir, name):
    """Writes a network as the next version of its name, all of it or nothing.

    Args:
        model: a built network of the family.
        output_dir: an existing folder.
        name: of the network, a folder made in `output_dir` where missing.

    Returns:
        Path of the version directory, `output_dir / name / version`, the
        version being the next free integer from 1.
    """
    from . import signatures

    versions = pathlib.Path(output_dir, name)
    with tempfile.TemporaryDirectory(dir=output_dir, prefix=".new-") as new:
        archive = signatures.export_archive(model)
        archive.write_out(f"{new}/version", verbose=False)
        versions.mkdir(exist_ok=True)
        taken = [int(p.name) for p in versions.iterdir() if p.name.isdecimal()]
        version = versions / str(max(taken, default=0) + 1)
        pathlib.Path(new, "version").rename(version)
    return version


def main():
    """Runs `gocor-export`."""
    command_line.run(export, define_flags)


if __name__ == "__main__":
    main()
