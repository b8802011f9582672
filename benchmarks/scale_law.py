"""The laws that time and memory of a network follow, and their tables."""

import dataclasses
import math

import numpy as np

from benchmarks import backend
from gocor_tf.trainers.evaluation import tables

LIMITS = (4, 8, 16)


@dataclasses.dataclass(frozen=True)
class Point:
    """One call of a network.

    Attributes:
        network: its preset.
        height: of the images, in px.
        width: of the images, in px.
        batch: number of pairs.
        seconds: low quartile, median and high quartile of the time.
        gib: peak memory of the process.
    """

    network: str
    height: int
    width: int
    batch: int
    seconds: tuple
    gib: float

    @property
    def megapixels(self):
        """All pixels of all references, in millions."""
        return self.height * self.width * self.batch / 1e6


@dataclasses.dataclass(frozen=True)
class Law:
    """A straight line: base + slope * megapixels.

    Attributes:
        base: at no pixels.
        slope: for a million pixels.
        deviation: largest of a point from the line, as a fraction of the line.
    """

    base: float
    slope: float
    deviation: float

    def predict(self, megapixels):
        """Returns the value at so many pixels."""
        return self.base + self.slope * megapixels

    def most_megapixels(self, limit):
        """Returns how many pixels stay within a limit, 0 or more."""
        return max(0.0, (limit - self.base) / self.slope)


def fit(megapixels, values):
    """Fits a `Law`, so that relative deviations are small everywhere.

    Args:
        megapixels: of each point.
        values: positive, of each point.

    Returns:
        The law, its base not below zero; None if the points are of fewer than
        two sizes, or values do not grow with them.
    """
    x, y = np.asarray(megapixels, float), np.asarray(values, float)
    if len(set(megapixels)) < 2:
        return None
    lines = np.stack([1 / y, x / y], axis=1)
    base, slope = np.linalg.lstsq(lines, np.ones_like(y))[0]
    if base < 0:
        base, slope = 0.0, (x / y).sum() / np.square(x / y).sum()
    if slope <= 0:
        return None
    deviation = np.abs(y / (base + slope * x) - 1).max()
    return Law(float(base), float(slope), float(deviation))


def laws(points):
    """Returns the laws of memory in GiB and time in s, or None if one lacks.

    Args:
        points: list of `Point`, of one network.
    """
    megapixels = [p.megapixels for p in points]
    memory = fit(megapixels, [p.gib for p in points])
    time = fit(megapixels, [p.seconds[1] for p in points])
    return (memory, time) if memory and time else None


def describe_laws(network, points):
    """Returns the lines that say what a network's points amount to.

    Args:
        network: its preset.
        points: list of `Point` of it.
    """
    found = laws(points)
    if not found:
        return [f"{network}: too few points for a law"]
    memory, time = found
    lines = [
        f"{network}: memory = {memory.base:.2f} GiB + {memory.slope:.2f} GiB "
        f"for a million pixels, to within {memory.deviation:.0%}",
        f"{network}: time = {time.base:.2f} s + {time.slope:.2f} s "
        f"for a million pixels, to within {time.deviation:.0%}",
    ]
    for limit in LIMITS:
        side, batch = largest(memory, limit)
        lines.append(
            f"{network}, {limit} GiB: up to {side} x {side}, or "
            f"{batch} pairs of 480 x 640"
        )
    return lines


def largest(memory, limit):
    """Returns the largest side of one square pair, and the largest batch.

    Args:
        memory: `Law`.
        limit: in GiB.

    Returns:
        The side in px, and the number of pairs of 480 x 640.
    """
    megapixels = memory.most_megapixels(limit)
    return math.isqrt(int(1e6 * megapixels)), int(
        1e6 * megapixels / (480 * 640)
    )


def format_results(results):
    """Formats all results as Markdown.

    Args:
        results: see `scale.measure`.
    """
    points = [Point(**point) for point in results["points"]]
    by_network = {
        name: [p for p in points if p.network == name]
        for name in dict.fromkeys(p.network for p in points)
    }
    machine = results["machine"]
    title = (
        f"Measured on {machine['cores']} CPU cores "
        f"({machine['architecture']}), {backend.TITLES[results['backend']]} "
        f"{results['versions'][results['backend']]}, float32. Each point in a "
        "process of its own: medians, with quartiles in parentheses where the "
        "call was repeated, and the process's peak memory."
    )
    lines = [f"* {line}" for line in results["left_out"]]
    return "\n\n".join(
        filter(
            None,
            [
                title,
                _table_of_points(points),
                "\n".join(lines),
                _table_of_laws(by_network),
                _table_of_limits(by_network),
                results["tiled"] and describe_tiled(results["tiled"]),
            ],
        )
    )


def describe_tiled(tiled):
    """Returns a sentence about the pair that was matched in tiles."""
    height, width = tiled["size"]
    return (
        "In tiles, the default network's "
        f"`Matcher(max_pixels={tiled['max_pixels']})` matches a pair of "
        f"{height} x {width} in {tiled['seconds']:.0f} s and "
        f"{tiled['gib']:.1f} GiB, all of its passes included."
    )


def _table_of_points(points):
    rows = [["network", "images", "batch", "s", "peak memory, GiB"]]
    for p in points:
        low, median, high = (f"{seconds:.2f}" for seconds in p.seconds)
        spread = f" ({low} to {high})" if low != high else ""
        size = f"{p.height} x {p.width}"
        seconds = f"{median}{spread}"
        rows.append([p.network, size, str(p.batch), seconds, f"{p.gib:.2f}"])
    return tables.to_markdown(rows, titles=2)


def _table_of_laws(by_network):
    rows = [["network", "what", "base", "for a million pixels", "to within"]]
    for name, points in by_network.items():
        units = ("memory", "GiB"), ("time", "s")
        for (what, unit), law in zip(units, laws(points) or (), strict=False):
            base, slope = (f"{x:.2f} {unit}" for x in (law.base, law.slope))
            rows.append([name, what, base, slope, f"{law.deviation:.0%}"])
    return tables.to_markdown(rows, titles=2)


def _table_of_limits(by_network):
    rows = [
        [
            "network",
            "memory",
            "largest square pair",
            "largest batch of 480 x 640",
        ]
    ]
    for name, points in by_network.items():
        found = laws(points)
        for limit in LIMITS if found else ():
            side, batch = largest(found[0], limit)
            rows.append([name, f"{limit} GiB", f"{side} x {side}", str(batch)])
    return tables.to_markdown(rows)
