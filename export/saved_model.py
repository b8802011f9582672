"""Writes a network for serving: a SavedModel, or ONNX.

    gocor-export --output_dir=exported

writes exported/default/1/, the next run exported/default/2/, and what
TensorFlow Serving and its platforms read beside them (docs/serving.md).
TensorFlow alone loads a version: neither gocor_tf nor Keras is needed where it
is served, and a process without them has loaded it before it appears.

    gocor-export --preset=basenet_gocor --weights=basenet_gocor.weights.h5
        --output_dir=exported --format=onnx

writes exported/basenet_gocor.onnx instead.
"""

import pathlib
import tempfile

import keras
from absl import app, flags, logging

from gocor_tf.trainers import command_line, network_flags, output_folder

from . import version_folder


def define_flags():
    """Defines the flags of `gocor-export`."""
    network_flags.define()
    flags.DEFINE_string(
        "output_dir", None, "Folder to write <preset>/<version>/ into."
    )
    flags.DEFINE_enum(
        "format",
        "saved_model",
        ["saved_model", "onnx", "tflite"],
        "saved_model for TensorFlow Serving; onnx for ONNX Runtime, a single "
        "file without checks of its input. tflite (LiteRT) does not work yet.",
    )
    flags.DEFINE_enum(
        "dtype",
        "float32",
        ["float32", "bfloat16"],
        "bfloat16 computes in 16 bits where that is safe, for processors that "
        "are faster so; how far the flow then differs is printed.",
    )
    flags.DEFINE_integer(
        "version", None, "Version to write; by default the next free one."
    )
    flags.DEFINE_string(
        "size",
        None,
        "HEIGHTxWIDTH to stretch all pictures to in the graph, so that those "
        "of one request may differ; the flow is in original pixels all the "
        "same. By default pictures keep their sizes.",
    )
    flags.DEFINE_integer(
        "max_matches", 1000, "How many matches the signature `matches` returns."
    )
    flags.DEFINE_integer("max_batch_size", 16, "Most pairs in one request.")
    flags.DEFINE_integer(
        "max_pixels",
        2**24,
        "Most pixels in all references, or all queries, of one request; with "
        "--size, in one of them.",
    )


def export(argv):
    """Writes the version directory, or the file, that the flags describe."""
    command_line.check_no_arguments(argv)
    arguments = flags.FLAGS
    if not arguments.output_dir:
        raise app.UsageError("`--output_dir` must be given")
    if keras.backend.backend() != "tensorflow":
        raise app.UsageError(
            "`KERAS_BACKEND` must be tensorflow to write a SavedModel. "
            f"Received: KERAS_BACKEND={keras.backend.backend()}"
        )
    options = _options(arguments)
    if arguments.format == "tflite":
        raise app.UsageError(
            "`--format` must be saved_model or onnx: LiteRT converts no "
            "network of the family to one that answers as it does "
            "(docs/serving.md). Received: --format=tflite"
        )
    if arguments.format == "onnx":
        if arguments.dtype != "float32":
            raise app.UsageError(
                "`--dtype` must be float32 with --format=onnx. "
                f"Received: --dtype={arguments.dtype}"
            )
        print(_export_onnx(arguments, options.size))
        return
    try:
        version_folder.check(
            arguments.output_dir, arguments.preset, arguments.version
        )
    except ValueError as error:
        raise app.UsageError(str(error)) from error
    model = network_flags.load_model(arguments.preset, arguments.weights)
    if arguments.dtype == "bfloat16":
        from . import reduced_precision

        exact = model
        model = reduced_precision.to_bfloat16(exact, arguments.preset)
        print(reduced_precision.describe_difference(exact, model))
    output_folder.create(arguments.output_dir, "output_dir")
    version = write_version(
        model,
        arguments.output_dir,
        arguments.preset,
        arguments.version,
        options,
    )
    print(version)


def write_version(model, output_dir, name, version=None, options=None):
    """Writes a version of a network and its serving files.

    The version appears whole or not at all, and only after a process without
    gocor_tf and Keras has loaded it and answered as the network does.

    Args:
        model: a built network of the family.
        output_dir: an existing folder.
        name: of the network, a folder made in `output_dir` where missing.
        version: integer; None: the next after all that exist, from 1.
        options: `signatures.Options`; None: the default ones.

    Returns:
        Path of the version directory, `output_dir / name / version`.

    Raises:
        ValueError: if the version is below 1 or exists already.
        RuntimeError: if what was written does not load or answers otherwise.
    """
    from . import reload_check, serving_files, signatures, warm_up

    version_folder.check(output_dir, name, version)
    options = options or signatures.Options()
    answers = signatures.answers(model, options)
    with tempfile.TemporaryDirectory(dir=output_dir, prefix=".new-") as new:
        folder = pathlib.Path(new, "version")
        signatures.archive_of(answers).write_out(str(folder), verbose=False)
        batch_size = min(2, options.limits.max_batch_size)
        reload_check.check(folder, answers, batch_size)
        if warm_up.is_available():
            warm_up.write(folder, name, answers)
        else:
            logging.warning(
                "%s left out: pip install 'gocor_tf[serve]'", warm_up.FILE
            )
        path = version_folder.publish(folder, output_dir, name, version)
    serving_files.write(output_dir, name, options)
    return path


def _export_onnx(arguments, size):
    for package in ("tf2onnx", "onnxruntime"):
        command_line.import_extra(package, "onnx")
    from . import onnx_file

    path = pathlib.Path(arguments.output_dir, f"{arguments.preset}.onnx")
    if path.exists():
        raise app.UsageError(
            "`--output_dir` must not hold the file yet: none is ever "
            f"overwritten. Received: {path}"
        )
    model = network_flags.load_model(arguments.preset, arguments.weights)
    output_folder.create(arguments.output_dir, "output_dir")
    onnx_file.write_onnx(model, path, size)
    return path


def _options(arguments):
    from . import request_checks, signatures

    try:
        return signatures.Options(
            size=command_line.parse_size(arguments.size),
            max_matches=arguments.max_matches,
            limits=request_checks.Limits(
                arguments.max_batch_size, arguments.max_pixels
            ),
        )
    except ValueError as error:
        raise app.UsageError(str(error)) from error


def main():
    """Runs `gocor-export`."""
    command_line.run(export, define_flags)


if __name__ == "__main__":
    main()
