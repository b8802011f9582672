"""Files that TensorFlow Serving and its platforms read, beside the versions.

They are written once and then belong to the user: a later export leaves those
that exist as they are. docs/serving.md explains each.
"""

import pathlib
import string

from gocor_tf.data import atomic

# Where the image of TensorFlow Serving looks for models.
_MODELS = "/models"
_GRPC_PORT, _REST_PORT = 8500, 8501
# gRPC counts message lengths in 32 bits.
_MAX_MESSAGE = 2**31 - 1
# Of flow and confidence, float32; and of what surrounds them.
_BYTES_PER_PIXEL, _OVERHEAD = 12, 2**16


def write(output_dir, name, options):
    """Writes the files that are not there yet.

    Args:
        output_dir: folder of all models.
        name: of the model, whose folder exists.
        options: `signatures.Options` that it was exported with.

    Returns:
        List of the paths of the written files.
    """
    folder = pathlib.Path(output_dir, name)
    written = []
    for file_name, text in contents(name, options).items():
        path = folder / file_name
        if not path.exists():
            atomic.write_bytes(str(path), text.encode())
            written.append(path)
    return written


def contents(name, options):
    """Returns the texts of the files.

    Args:
        name: of the model.
        options: `signatures.Options` that it was exported with.

    Returns:
        A dict: file name -> text.
    """
    folder = f"{_MODELS}/{name}"
    arguments = [
        f"--model_config_file={folder}/models.config",
        *_arguments(folder, options),
    ]
    values = {
        "name": name,
        # Names of Kubernetes have no underscores.
        "label": name.replace("_", "-").lower(),
        "folder": folder,
        "grpc_port": _GRPC_PORT,
        "rest_port": _REST_PORT,
        "max_batch_size": options.limits.max_batch_size,
        "script_arguments": " \\\n    ".join(
            f'"{argument}"' for argument in _arguments("$folder", options)
        ),
        "compose_arguments": ("\n" + 6 * " " + "- ").join(arguments),
        "kubernetes_arguments": ("\n" + 12 * " " + "- ").join(arguments),
    }
    templates = pathlib.Path(__file__).parent / "serving_templates"
    return {
        path.name: string.Template(path.read_text(encoding="utf-8")).substitute(
            values
        )
        for path in sorted(templates.iterdir())
    }


def max_message_length(options):
    """Returns how many bytes the largest answer may have.

    A client must accept as many: gRPC's own limit for it is 4 MiB.

    Args:
        options: `signatures.Options`.
    """
    pixels = options.limits.max_pixels
    if options.size is not None:
        height, width = options.size
        pixels = options.limits.max_batch_size * height * width
    return min(_MAX_MESSAGE, _BYTES_PER_PIXEL * pixels + _OVERHEAD)


def _arguments(folder, options):
    """Returns the server's arguments for the files of a folder."""
    # The server refuses the parameters of batching without batching.
    batching = [
        "--enable_batching=true",
        f"--batching_parameters_file={folder}/batching.config",
    ]
    message = f"grpc.max_send_message_length={max_message_length(options)}"
    return [
        f"--monitoring_config_file={folder}/monitoring.config",
        *(batching if options.size is not None else ()),
        f"--grpc_channel_arguments={message}",
        "--rest_api_timeout_in_ms=60000",
    ]
