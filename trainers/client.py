"""Matches two photographs by a server, TensorFlow Serving.

    gocor-client --server=HOST:PORT REFERENCE QUERY --output_dir=out
    gocor-client --server=HOST:PORT --rest REFERENCE QUERY

asks for what gocor-export has written; --server is the gRPC port, 8500 by
default there, or with --rest the HTTP port, 8501. The output folder gets what
gocor-match writes.
"""

from absl import app, flags

from gocor_tf.serving import Client

from . import command_line, match_lib, output_folder


def define_flags():
    """Defines the flags of `gocor-client`."""
    flags.DEFINE_string("server", None, "HOST:PORT of the server.")
    flags.DEFINE_string("output_dir", "gocor_match", "Folder for the files.")
    flags.DEFINE_boolean("rest", False, "Use the REST API instead of gRPC.")
    flags.DEFINE_string("model", "default", "Name of the served model.")
    flags.DEFINE_integer(
        "model_version",
        None,
        "Version of the model; the highest served if not given.",
        lower_bound=0,
    )
    flags.DEFINE_float(
        "timeout", 60.0, "Seconds that one attempt may take.", lower_bound=0.1
    )
    flags.DEFINE_integer(
        "retries",
        5,
        "Attempts after the first while the server is unavailable.",
        lower_bound=0,
    )


def match(argv):
    """Matches the two images that the arguments name."""
    images = argv[1:]
    arguments = flags.FLAGS
    if len(images) != 2:
        raise app.UsageError(
            "usage: gocor-client --server=HOST:PORT REFERENCE QUERY. "
            f"Received: {len(images)} image(s)"
        )
    if not arguments.server:
        raise app.UsageError("`--server` must be given, as in localhost:8500")
    with _create_client(arguments) as client:
        output_folder.create(arguments.output_dir, "output_dir")
        print(match_lib.match_pair(client, *images, arguments.output_dir)[1])


def _create_client(arguments):
    try:
        return Client(
            arguments.server,
            model=arguments.model,
            version=arguments.model_version,
            transport="rest" if arguments.rest else "grpc",
            timeout=arguments.timeout,
            retries=arguments.retries,
        )
    except (ImportError, ValueError) as error:
        raise app.UsageError(str(error)) from error


def main():
    """Runs `gocor-client`."""
    command_line.run(match, define_flags)


if __name__ == "__main__":
    main()
