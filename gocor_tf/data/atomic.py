"""Files that appear whole or not at all."""

import contextlib
import os
import tempfile


@contextlib.contextmanager
def atomic_path(path):
    """Yields a name to write to, which becomes `path` on success.

    The name has the same folder and ending. If the body raises, the file is
    removed and a file that was at `path` before is left as it was.

    Args:
        path: name of the file to write.

    Yields:
        A temporary file name, a string.

    Raises:
        ValueError: if the folder does not exist or cannot be written.

    Example:
    ```python
    with atomic_path("out/flow.npy") as temporary:
        np.save(temporary, flow)
    ```
    """
    folder, name = os.path.split(os.path.abspath(path))
    try:
        handle, temporary = tempfile.mkstemp(
            prefix=".", suffix=f".{name}", dir=folder
        )
    except OSError as error:
        raise ValueError(
            f"Cannot write '{path}': {error.strerror}. Choose an existing "
            "folder that you may write to."
        ) from error
    os.close(handle)
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)
        raise


def write_bytes(path, data):
    """Writes a file whole or not at all.

    Args:
        path: name of the file.
        data: its bytes.

    Raises:
        ValueError: if the folder does not exist or cannot be written.
    """
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write(data)


def _umask():
    """Returns the process's file creation mask, which can only be set."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
