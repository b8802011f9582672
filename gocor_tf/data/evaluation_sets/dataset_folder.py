"""The folder that a data set was unpacked to, and the tables in it."""

import contextlib
import csv
import os

_NUM_LISTED = 5
# The csv module refuses cells beyond 128 KiB; lists of points are longer.
_MAX_CELL = 2**31 - 1


def check_files(data_dir, names, layout):
    """Checks that a download is complete, before a long run begins.

    Args:
        data_dir: folder of the data set.
        names: files and folders that must be in it, relative to it.
        layout: how the folder should look, a few lines.

    Raises:
        ValueError: listing what is missing, and the layout.
    """
    if not os.path.isdir(data_dir):
        missing = ["the folder itself"]
    else:
        missing = [
            name
            for name in dict.fromkeys(names)
            if not os.path.exists(os.path.join(data_dir, name))
        ]
    if not missing:
        return
    listed = ", ".join(missing[:_NUM_LISTED])
    if len(missing) > _NUM_LISTED:
        listed += f" and {len(missing) - _NUM_LISTED} more"
    raise ValueError(
        f"`data_dir` must hold the whole data set, but '{data_dir}' lacks "
        f"{listed}. It should look like this: {layout}"
    )


def read_table(path, columns):
    """Reads a CSV file whose first line names its columns.

    Args:
        path: name of the file.
        columns: names that the first line must have, in order.

    Returns:
        List of dicts, a row each: column -> text.

    Raises:
        ValueError: naming file and row, if it cannot be read, a row has more
            or fewer cells than columns, or there are no rows.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = _read_rows(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"Cannot read '{path}': {reason}.") from error
    columns = list(columns)
    header = [cell.strip() for cell in rows[0]] if rows else []
    if header != columns:
        raise ValueError(
            f"The first line of '{path}' must be '{','.join(columns)}'. "
            f"Received: '{','.join(header)[:200]}'"
        )
    if len(rows) == 1:
        raise ValueError(f"'{path}' must list at least one pair.")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(columns):
            raise ValueError(
                f"Row {number} of '{path}' must have {len(columns)} cells. "
                f"Received: {len(row)}"
            )
    return [dict(zip(columns, row, strict=True)) for row in rows[1:]]


@contextlib.contextmanager
def naming(place):
    """Puts the place in front of a ValueError: a file, or a row of a table.

    Args:
        place: such as "row 7 of 'pairs.csv'".
    """
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error


def _read_rows(file):
    """Reads the rows that are not empty, however long their cells."""
    limit = csv.field_size_limit(_MAX_CELL)
    try:
        return [row for row in csv.reader(file) if row]
    finally:
        csv.field_size_limit(limit)
