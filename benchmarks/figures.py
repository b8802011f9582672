"""The figures of a run: one record each, stored as JSON and compared."""

import dataclasses
import json

from gocor_tf.data import atomic

FORMAT = "gocor_tf benchmarks 1"
# Ratios of medians that are a change, and of what was measured only once.
_CHANGE, _CHANGE_OF_ONE = 1.1, 1.33


@dataclasses.dataclass(frozen=True)
class Figure:
    """One thing measured in one way.

    Attributes:
        section: what kind of figure it is, such as "ops".
        what: what was computed.
        size: of its input.
        way: how it was computed.
        mode: "forward", "gradient" or another part of it.
        unit: "ms" or "MB"; less is better.
        low: lower quartile.
        median: of all runs.
        high: upper quartile.
        runs: how many there were.
        products: useful multiply-adds of a run, or 0.
        traffic: useful bytes read and written by a run, or 0.
    """

    section: str
    what: str
    size: str
    way: str
    mode: str
    unit: str
    low: float
    median: float
    high: float
    runs: int
    products: int = 0
    traffic: int = 0

    @property
    def key(self):
        """What tells a figure from all others of a run."""
        return (
            self.section,
            self.what,
            self.size,
            self.way,
            self.mode,
            self.unit,
        )


def time_figures(section, what, size, times, mode="forward", **work):
    """Returns a list of figures, one for each way of a comparison.

    Args:
        section: as in `Figure`.
        what: as in `Figure`.
        size: as in `Figure`.
        times: dict: way -> `stopwatch.Spread` in ms.
        mode: as in `Figure`.
        **work: `products` and `traffic` of `Figure`.
    """
    return [
        Figure(section, what, size, way, mode, "ms", *spread, **work)
        for way, spread in times.items()
    ]


def matrix_rate(known, section="rates", way="float32"):
    """Returns the rate of the matrix product, in multiply-adds per ms.

    Args:
        known: list of figures.
        section: "rates", or "device rates" for one as large as a device likes.
        way: dtype.
    """
    product = _find(known, section, "matrix product", way)
    return product.products / product.median


def roofline(figure, known):
    """Compares a figure with the least time that its work could take.

    Args:
        figure: with useful multiply-adds or bytes; its way is a dtype.
        known: figures with the matrix product in that dtype, and a copy.

    Returns:
        The share of the time that was needed at least, and what needs it:
        "matrix rate" or "bandwidth".
    """
    copy = _find(known, "device rates", "copy", "float32")
    rate = matrix_rate(known, "device rates", figure.way)
    least = {
        "matrix rate": figure.products / rate,
        "bandwidth": figure.traffic * copy.median / copy.traffic,
    }
    limit = max(least, key=least.get)
    return least[limit] / figure.median, limit


def pairs_per_second(figure):
    """Returns quartiles of a rate, lowest first.

    Args:
        figure: in ms; its size begins with the batch, as in 4x480x640.
    """
    batch, *sides = figure.size.split("x")
    pairs = int(batch) if len(sides) == 2 else 1
    return tuple(
        1e3 * pairs / ms for ms in (figure.high, figure.median, figure.low)
    )


def _find(known, *wanted):
    return next(f for f in known if (f.section, f.what, f.way) == wanted)


def save(path, facts, figures):
    """Writes a run as JSON.

    Args:
        path: name of the file.
        facts: see `backend.describe`.
        figures: list of `Figure`.
    """
    run = {
        "format": FORMAT,
        **facts,
        "figures": [dataclasses.asdict(figure) for figure in figures],
    }
    atomic.write_bytes(path, json.dumps(run, indent=1).encode())


def load(path, facts):
    """Reads a stored run of this backend and device.

    Args:
        path: name of the file.
        facts: those of the run that it is to be compared with.

    Returns:
        List of `Figure`.

    Raises:
        ValueError: if there is no such run, or it is of another device.
    """
    try:
        with open(path, encoding="utf-8") as file:
            run = json.load(file)
        if run["format"] != FORMAT:
            raise ValueError(f"its format is {run['format']!r}")
        stored = run["backend"], run["device"]
        found = [Figure(**record) for record in run["figures"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            "`--compare` must name a file that `--json` wrote: "
            f"{type(error).__name__}: {error}. Received: --compare={path}"
        ) from error
    own = facts["backend"], facts["device"]
    if stored != own:
        raise ValueError(
            f"`--compare` must name a run of {own[0]} on {own[1]}. "
            f"Received: --compare={path}, of {stored[0]} on {stored[1]}"
        )
    return found


def compare(before, now):
    """Compares two runs.

    Args:
        before: list of `Figure`.
        now: another.

    Returns:
        Lines of text: how the machine changed, then every figure that both
        runs have, and how many changed beyond the noise.
    """
    stored = {figure.key: figure for figure in before}
    pairs = [(stored[f.key], f) for f in now if f.key in stored]
    # The machine's own rate comes first.
    pairs.sort(key=lambda pair: pair[1].section != "rates")
    verdicts = [_verdict(*pair) for pair in pairs]
    lines = [
        _compared(*pair) + (f"  <-- {verdict}" if verdict else "")
        for pair, verdict in zip(pairs, verdicts, strict=True)
    ]
    number = sum(map(bool, verdicts))
    return [
        *lines,
        f"{number} of {len(pairs)} figures changed beyond the noise",
    ]


def _verdict(old, new):
    """Returns "" unless quartiles do not overlap and medians are far apart."""
    least = _CHANGE if min(old.runs, new.runs) > 1 else _CHANGE_OF_ONE
    if new.low > old.high and new.median > least * old.median:
        return "more than before"
    if new.high < old.low and old.median > least * new.median:
        return "less than before"
    return ""


def _compared(old, new):
    return (
        f"{new.what} {new.size}, {new.way}, {new.mode}: "
        f"{format_spread(old)} before, {format_spread(new)} {new.unit} now, "
        f"{new.median / old.median:.2f}x"
    )


def format_spread(figure, digits=1):
    """Returns the median, and the quartiles in parentheses."""
    low, median, high = (
        f"{value:.{digits}f}"
        for value in (figure.low, figure.median, figure.high)
    )
    return f"{median} ({low} to {high})"
