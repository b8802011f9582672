"""The records of a running evaluation, kept as they come.

A file of JSON lines: first the settings, then a record for each pair, with the
name of its method. A run that was stopped goes on behind the last whole line.
"""

import itertools
import json
import math
import os

_BLOCK = 65536


class PairJournal:
    """Records on disk, in the order in which they came.

    Args:
        path: name of the file; None: nothing is kept.
        settings: dict that JSON can hold, of what the records depend on.

    Attributes:
        path: that of the constructor.

    Raises:
        ValueError: if the file has records of other settings, or is no
            journal.
        OSError: if it cannot be written.
    """

    def __init__(self, path, settings):
        self.path = path
        if path is None:
            return
        header = json.dumps(settings, sort_keys=True) + "\n"
        if os.path.exists(path) and _has_records(path):
            _check_header(path, header)
            _cut_unfinished_line(path)
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(header)

    def records(self, method=None):
        """Yields the records so far, one at a time.

        Args:
            method: only those of this method; None: of all.

        Raises:
            ValueError: if the file is damaged.
        """
        if self.path is None:
            return
        with open(self.path, encoding="utf-8", errors="replace") as file:
            lines = enumerate(file, start=1)
            for number, line in itertools.islice(lines, 1, None):
                try:
                    record = json.loads(line)
                    name = record.pop("method")
                except (ValueError, KeyError, TypeError, AttributeError):
                    raise ValueError(
                        f"Line {number} of '{self.path}' must be the record "
                        "of a pair. Delete the file to begin anew. "
                        f"Received: {line[:40]!r}"
                    ) from None
                if name == method or method is None:
                    yield record

    def append(self, method, record):
        """Keeps a record.

        Args:
            method: name.
            record: dict that JSON can hold.
        """
        if self.path is not None:
            line = json.dumps({"method": method, **record}, allow_nan=False)
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(line + "\n")

    def remove(self):
        """Deletes the file."""
        if self.path is not None:
            os.remove(self.path)


def to_json(value):
    """Returns the value as JSON can hold it; what is not finite is None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _has_records(path):
    """Tells whether there is more than a header, or than a part of one."""
    with open(path, "rb") as file:
        header = file.readline()
        if header[:1] not in (b"", b"{"):
            return True  # What is no journal is not overwritten.
        return bool(file.readline())


def _cut_unfinished_line(path):
    """Drops what a killed run wrote behind the last end of a line."""
    with open(path, "rb+") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - _BLOCK)
            file.seek(start)
            place = file.read(end - start).rfind(b"\n")
            if place >= 0:
                file.truncate(start + place + 1)
                return
            end = start


def _check_header(path, header):
    with open(path, encoding="utf-8", errors="replace") as file:
        found = file.readline()
    if found == header:
        return
    try:
        there, here = json.loads(found), json.loads(header)
        difference = ", ".join(
            f"{key}={there.get(key)!r} there, {here.get(key)!r} here"
            for key in sorted(there | here)
            if there.get(key) != here.get(key)
        )
    except (ValueError, TypeError, AttributeError):
        difference = "it is no such file"
    raise ValueError(
        f"'{path}' must hold the pairs of this evaluation, to go on with: "
        f"{difference}. Delete it, or choose another --output."
    )
