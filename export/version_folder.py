"""Version directories: OUTPUT_DIR/NAME/1, 2 and so on, as TF Serving reads."""

import pathlib


def check(output_dir, name, version):
    """Checks that a version can still be written.

    Args:
        output_dir: folder of all models.
        name: of the model.
        version: integer; None: the next free one, which always can.

    Raises:
        ValueError: if it is below 1 or exists already.
    """
    if version is None:
        return
    if version < 1:
        raise ValueError(f"`version` must be > 0. Received: version={version}")
    path = pathlib.Path(output_dir, name, str(version))
    if path.exists():
        raise ValueError(
            "`version` must be one that does not exist yet: none is ever "
            f"overwritten. Received: version={version}, and {path} exists"
        )


def publish(folder, output_dir, name, version=None):
    """Makes a folder a version, at once: a server sees all of it or nothing.

    Args:
        folder: complete folder on the file system of `output_dir`.
        output_dir: folder of all models.
        name: of the model, a folder made in `output_dir` where missing.
        version: integer; None: the next after all that exist, from 1.

    Returns:
        Path of the version directory, `output_dir / name / version`.

    Raises:
        ValueError: see `check`.
    """
    check(output_dir, name, version)
    versions = pathlib.Path(output_dir, name)
    versions.mkdir(exist_ok=True)
    if version is None:
        taken = [int(p.name) for p in versions.iterdir() if p.name.isdecimal()]
        version = max(taken, default=0) + 1
    path = versions / str(version)
    pathlib.Path(folder).rename(path)
    return path
