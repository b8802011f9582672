"""Where the records of a TFRecord file are.

A record is its length in bytes, 8 bytes little-endian; a check sum of those,
4 bytes; the data; and a check sum of the data, 4 bytes.
"""

import os

_LENGTH_BYTES = 8
_CHECK_BYTES = 4


def find_records(path):
    """Finds the records of a file, without reading their data.

    Args:
        path: name of the file.

    Yields:
        Start and length of each record's data, in bytes.

    Raises:
        ValueError: if the file cannot be read, is cut short, or is no
            TFRecord file; the message has its name.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            yield from _walk(file, os.path.getsize(path), path)
    except OSError as error:
        raise ValueError(
            f"Cannot read records '{path}': {error.strerror}."
        ) from error


def _walk(file, end, path):
    position = 0
    while position < end:
        file.seek(position)
        header = file.read(_LENGTH_BYTES + _CHECK_BYTES)
        length = int.from_bytes(header[:_LENGTH_BYTES], "little")
        start = position + len(header)
        position = start + length + _CHECK_BYTES
        if (
            position > end
            or _check_sum(header[:_LENGTH_BYTES]) != header[_LENGTH_BYTES:]
        ):
            raise ValueError(
                f"Cannot read records '{path}': it is cut short, or no "
                "TFRecord file. Remove it and make it again."
            )
        yield start, length


def _check_sum(data):
    """Returns CRC-32C, rotated and shifted as TFRecord files have it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    shifted = (crc >> 15 | crc << 17) + 0xA282EAD8
    return (shifted & 0xFFFFFFFF).to_bytes(_CHECK_BYTES, "little")
