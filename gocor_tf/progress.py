"""A progress line on the terminal for loops that take long."""

import sys
import time

_BAR_WIDTH = 30
_PATIENCE_SECONDS = 1.0


def track(items, label, total=None, stream=None):
    """Yields the items and says on a terminal how far the loop is.

    Nothing is written to a stream that is not a terminal, nor by a loop that
    ends within a second.

    Args:
        items: what to go through.
        label: word in front of the bar.
        total: number of items; None: the length of `items`.
        stream: where to write; None: stderr.

    Yields:
        Each item.
    """
    stream = stream or sys.stderr
    total = len(items) if total is None else total
    start = time.monotonic()
    number, shown = 0, False
    for item in items:
        elapsed = time.monotonic() - start
        if stream.isatty() and elapsed > _PATIENCE_SECONDS:
            _write(stream, label, number, max(total, number + 1), elapsed)
            shown = True
        yield item
        number += 1
    if shown:
        _write(stream, label, number, number, time.monotonic() - start)
        stream.write("\n")


def _write(stream, label, number, total, elapsed):
    filled = _BAR_WIDTH * number // total
    bar = "#" * filled + "." * (_BAR_WIDTH - filled)
    left = elapsed / max(number, 1) * (total - number)
    stream.write(f"\r{label} [{bar}] {number}/{total}, {left:.0f} s left ")
    stream.flush()
