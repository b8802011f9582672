"""Writes a network as a SavedModel that TensorFlow Serving loads.

    gocor-export --output_dir=exported

writes exported/default/1/, the next run exported/default/2/. TensorFlow alone
loads it: neither gocor_tf nor Keras is needed where it is served.
"""

import pathlib
import tempfile

import keras
from absl import app, flags, logging

from gocor_tf import models
from gocor_tf.trainers import command_line


def define_flags():
    """Defines the flags of gocor-export."""
    flags.DEFINE_string("preset", "default", "Name of the network.")
    flags.DEFINE_string(
        "weights",
        None,
        "A .weights.h5 file of the preset, or 'random' for untrained weights. "
        "Not needed where the package holds the preset's own.",
    )
    flags.DEFINE_string(
        "output_dir", None, "Folder to write <preset>/<version>/ into."
    )


def export(argv):
    """Writes the version directory the flags describe."""
    arguments = flags.FLAGS
    if len(argv) > 1:
        raise app.UsageError(f"unexpected argument: {argv[1]}")
    if not arguments.output_dir:
        raise app.UsageError("`--output_dir` must be given")
    if keras.backend.backend() != "tensorflow":
        raise app.UsageError(
            "`KERAS_BACKEND` must be tensorflow to write a SavedModel. "
            f"Received: KERAS_BACKEND={keras.backend.backend()}"
        )
    model = load_model(arguments.preset, arguments.weights)
    folder = pathlib.Path(arguments.output_dir, arguments.preset)
    print(write_version(model, folder))


def load_model(preset, weights):
    """Builds a network from the flags' words.

    Args:
        preset: name of the preset.
        weights: a weights file, "random", or None for the embedded ones.

    Returns:
        The built network.

    Raises:
        UsageError: if the preset does not exist or has no embedded weights.
    """
    presets = models.presets()
    if preset not in presets:
        raise app.UsageError(
            f"`--preset` must be one of {', '.join(sorted(presets))}. "
            f"Received: --preset={preset}"
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


def write_version(model, folder):
    """Writes a network as the next version of a folder, all of it or nothing.

    Args:
        model: a built network of the family.
        folder: of the versions; made where it does not exist.

    Returns:
        Path of the version directory, named by the next free integer from 1.
    """
    from . import signatures

    folder.mkdir(parents=True, exist_ok=True)
    # TensorFlow Serving takes only integers for versions.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as new:
        archive = signatures.export_archive(model)
        archive.write_out(f"{new}/version", verbose=False)
        taken = [int(p.name) for p in folder.iterdir() if p.name.isdecimal()]
        version = folder / str(max(taken, default=0) + 1)
        pathlib.Path(new, "version").rename(version)
    return version


def main():
    """Runs gocor-export."""
    command_line.run(export, define_flags)


if __name__ == "__main__":
    main()
