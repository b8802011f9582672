"""Tables of photographs and their warps, in the published CSV format.

`spec/training.md` 1.1.1: one row is one pair, the name of a photograph, the
number of a kind of warp and 18 parameters, of which a kind uses the first few.
"""

import csv
import io
import os

import numpy as np

from gocor_tf.data import atomic, static_warps

HEADER = (
    "fname",
    "aff/tps/homo",
    *(
        f"t{k}({name})"
        for k, name in enumerate(
            (
                *("A11/H11", "A12/H12", "A13/H13"),
                *("A21/H21", "A22/H22", "A23/H23"),
                *("H31", "H32", "H33"),
            ),
            start=1,
        )
    ),
    *(f"t{k}" for k in range(10, 19)),
)


class WarpTable:
    """A law for `SyntheticPairs` that takes its warps from a table.

    Args:
        path: name of the CSV file.
        image_dir: folder that the table's file names are relative to.

    Attributes:
        images: the photograph of each row, for `SyntheticPairs`.

    Raises:
        ValueError: if the file is no such table or, naming the row, if a
            value is wrong or a photograph is not there.

    Example:
    ```python
    table = WarpTable("homo_aff_tps_train.csv", "training_datasets")
    pairs = SyntheticPairs(table.images, size=520, law=table)
    ```
    """

    def __init__(self, path, image_dir):
        self._law = static_warps.StaticWarps()
        rows = [
            _parse(row, f"Row {number} of '{path}'", image_dir)
            for number, row in _read_rows(path)
        ]
        if not rows:
            raise ValueError(f"`path` must have rows. Received: path='{path}'")
        self.images, self._kinds, self._parameters = zip(*rows, strict=True)

    def units(self, size):
        """Returns half the extent of a view and its centre, in pixels."""
        return self._law.units(size)

    def needed_side(self, size):
        """Returns None: photographs are not reduced beforehand."""
        return self._law.needed_side(size)

    def sample(self, rng, size, index):
        """Returns the pair of a row, counted from 0; draws nothing."""
        return static_warps.to_pair(
            self._kinds[index], self._parameters[index], size
        )

    def cut(self, photograph, sampled, size):
        """Cuts canvas and query; see `synthetic_pairs`."""
        return self._law.cut(photograph, sampled, size)


def write_table(path, file_names, seed=0):
    """Writes a table with a warp drawn for each photograph.

    Args:
        path: name of the CSV file.
        file_names: of the photographs, relative to the folder that will be
            given to `WarpTable`.
        seed: a non-negative integer.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for number, name in enumerate(file_names):
        rng = np.random.default_rng([seed, number])
        kind, parameters = static_warps.draw_parameters(rng)
        missing = len(HEADER) - 2 - len(parameters)
        writer.writerow(
            [
                name,
                static_warps.KINDS.index(kind),
                *(f"{value:.10g}" for value in parameters),
                *(["0"] * missing),
            ]
        )
    atomic.write_bytes(path, text.getvalue().encode())


def _read_rows(path):
    """Returns the rows that follow the header, and their numbers."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except OSError as error:
        raise ValueError(
            f"Cannot read warps '{path}': {error.strerror}."
        ) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(
            f"Cannot read warps '{path}': it is not CSV ({error})."
        ) from error
    if not rows or tuple(name.strip() for name in rows[0]) != HEADER:
        raise ValueError(
            f"Cannot read warps '{path}': its first line must be "
            f"'{','.join(HEADER)}'. Received: {','.join(sum(rows[:1], []))!r}"
        )
    return [row for row in enumerate(rows[1:], start=2) if row[1]]


def _parse(row, where, image_dir):
    """Returns the photograph, kind and parameters of one row."""
    if len(row) != len(HEADER):
        raise ValueError(
            f"{where} must have {len(HEADER)} columns. Received: {len(row)}"
        )
    try:
        kind, *values = (float(value) for value in row[1:])
    except ValueError as error:
        raise ValueError(
            f"{where} must have numbers after the file name: {error}."
        ) from error
    if not np.all(np.isfinite(values)):
        raise ValueError(f"{where} must have finite numbers. Received: {row}")
    if kind not in range(len(static_warps.KINDS)):
        raise ValueError(
            f"{where} must have a type of 0 (affine), 1 (thin-plate spline) "
            f"or 2 (homography). Received: {row[1]}"
        )
    kind = static_warps.KINDS[int(kind)]
    parameters = np.array(values[: static_warps.NUM_PARAMETERS[kind]])
    if kind == "homography" and not np.linalg.det(parameters.reshape(3, 3)):
        raise ValueError(
            f"{where} must have a homography that can be inverted. "
            f"Received: {parameters.tolist()}"
        )
    path = os.path.join(image_dir, row[0])
    if not os.path.isfile(path):
        raise ValueError(
            f"{where} must name a photograph. '{path}' is no file."
        )
    return path, kind, parameters
