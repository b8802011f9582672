"""Folders for results, made and tried before the long work begins."""

import os
import tempfile


def create(path, name):
    """Makes a folder, unless there is one, that files can be written to.

    Args:
        path: name of the folder.
        name: of the flag that it was given with.

    Raises:
        ValueError: if it cannot be made or written to.
    """
    try:
        os.makedirs(path, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise ValueError(
            f"`--{name}` must be a folder that can be written to: "
            f"{error.strerror}. Received: --{name}={path}"
        ) from error


def create_parent(path, name):
    """Makes the folder of a file that is to be written.

    Args:
        path: name of the file.
        name: of the flag that it was given with.

    Raises:
        ValueError: if the folder cannot be used or the name is a folder's.
    """
    if os.path.isdir(path):
        raise ValueError(
            f"`--{name}` must name a file, not a folder. "
            f"Received: --{name}={path}"
        )
    create(os.path.dirname(os.path.abspath(path)), name)
