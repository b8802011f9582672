"""Published lists of pairs: CSV files and plain lines."""

import csv
import os

import numpy as np

from gocor_tf.data.evaluation_sets.dataset_folder import read_table


def read_pair_list(path, columns):
    """Reads a CSV list whose first line may name the columns in any way.

    Args:
        path: name of the file.
        columns: what the columns hold, in order; only their number counts.

    Returns:
        List of (place, cells): a text such as "row 7 of 'pairs.csv'" for
        errors, and the texts of the row.

    Raises:
        ValueError: naming file and row, if the file cannot be read, a row has
            another number of cells, or there are no rows.
    """
    header = _read_header(path)
    # The file's own names, where they can be names: `read_table` reports all
    # that is wrong.
    if len(set(header)) != len(columns) or "." in "".join(header[:2]):
        header = columns
    rows = read_table(path, header)
    return [
        (f"row {number} of '{path}'", list(row.values()))
        for number, row in enumerate(rows, start=2)
    ]


def read_lines(path):
    """Reads a list that has a pair on each line.

    Args:
        path: name of the file.

    Returns:
        List of (place, line), blank lines left out; the place is a text such
        as "row 7 of 'pairs.txt'".

    Raises:
        ValueError: naming the file, if it cannot be read or has no lines.
    """
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.strip() for line in file]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"Cannot read '{path}': {reason}.") from error
    if not any(lines):
        raise ValueError(f"'{path}' must list at least one pair.")
    return [
        (f"row {number} of '{path}'", line)
        for number, line in enumerate(lines, start=1)
        if line
    ]


def parse_numbers(cells):
    """Converts texts to numbers.

    Args:
        cells: list of texts.

    Returns:
        `(number,)` float64.

    Raises:
        ValueError: if one is no finite number.
    """
    for cell in cells:
        try:
            is_finite = np.isfinite(float(cell))
        except ValueError:
            is_finite = False
        if not is_finite:
            raise ValueError(f"Expected a finite number. Received: {cell!r}")
    return np.array([float(cell) for cell in cells])


def pair_name(index, *paths):
    """Returns a unique name for a pair: its place in the list and its images.

    Args:
        index: place in the list, from 0.
        *paths: of the images.
    """
    stems = [os.path.splitext(os.path.basename(path))[0] for path in paths]
    return "-".join([f"{index:04d}", *stems])


def _read_header(path):
    try:
        with open(path, encoding="utf-8", newline="") as file:
            header = next(filter(None, csv.reader(file)), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    return [cell.strip() for cell in header]
