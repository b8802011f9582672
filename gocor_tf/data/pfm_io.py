"""Portable float maps, `.pfm`: images of float32.

A line `PF` (3 channels) or `Pf` (1 channel), a line with width and height, a
line with a scale that is negative if the numbers are little-endian, then the
rows from bottom to top.
"""

import re

import numpy as np

_HEADER = re.compile(rb"(PF|Pf)\s+(\d{1,9})\s+(\d{1,9})\s+([-+.\deE]+)\s")


def read_pfm(path):
    """Reads a `.pfm` file.

    Args:
        path: name of the file.

    Returns:
        `(height, width, 3)` float32, or `(height, width)` if it has one
        channel, rows from top to bottom. The scale's size is ignored.

    Raises:
        ValueError: if the file cannot be read, is cut short, or is no `.pfm`.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ValueError(
            f"Cannot read '{path}': {error.strerror}. Pass the name of an "
            "existing, readable .pfm file."
        ) from error
    header = _HEADER.match(data)
    byte_order = _byte_order(header)
    if byte_order is None:
        raise ValueError(
            f"Cannot read '{path}': it is not a .pfm file. Pass a portable "
            f"float map. Received: a file that begins with {data[:16]}"
        )
    width, height = int(header[2]), int(header[3])
    shape = (height, width, 3) if header[1] == b"PF" else (height, width)
    num_bytes = 4 * height * width * (3 if header[1] == b"PF" else 1)
    if not num_bytes or len(data) - header.end() != num_bytes:
        raise ValueError(
            f"Cannot read '{path}': its {len(data) - header.end()} bytes of "
            f"data do not fit {width} x {height} pixels. Copy it again."
        )
    values = np.frombuffer(data, byte_order + "f4", offset=header.end())
    return values.reshape(shape)[::-1].astype("float32")


def _byte_order(header):
    """Returns "<" or ">", or None if that is no header."""
    try:
        scale = float(header[4]) if header else 0.0
    except ValueError:
        return None
    return {-1.0: "<", 1.0: ">"}.get(np.sign(scale))
