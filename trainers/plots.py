"""Line plots, drawn by matplotlib without a display."""

import dataclasses
import io

import cv2
import numpy as np

from . import command_line

_DOTS_PER_INCH = 100
_MAX_MARKERS = 20


@dataclasses.dataclass(frozen=True)
class Panel:
    """One pair of axes with its lines.

    Attributes:
        title: what is shown, with its unit.
        lines: name -> (x, y), sequences of equal length; NaN leaves a gap.
        x_label: what x is.
        log: whether y has a logarithmic axis, where all values allow it.
        log_x: whether x has a logarithmic axis.
    """

    title: str
    lines: dict
    x_label: str = "step"
    log: bool = False
    log_x: bool = False


def draw(panels, num_columns=2):
    """Draws panels side by side and below each other.

    Args:
        panels: list of `Panel`.
        num_columns: panels in a row, at most.

    Returns:
        A PNG file, as bytes.

    Raises:
        UsageError: if matplotlib is not installed.
    """
    figure_module = command_line.import_extra("matplotlib.figure", "train")
    num_columns = min(num_columns, len(panels))
    num_rows = -(-len(panels) // num_columns)
    figure = figure_module.Figure(
        figsize=(5.5 * num_columns, 3.5 * num_rows),
        dpi=_DOTS_PER_INCH,
        layout="constrained",
    )
    for number, panel in enumerate(panels, start=1):
        _fill(figure.add_subplot(num_rows, num_columns, number), panel)
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def draw_picture(panels, num_columns=2):
    """Draws panels as `draw` does; returns `(height, width, 3)` uint8 RGB."""
    png = np.frombuffer(draw(panels, num_columns), "uint8")
    return cv2.imdecode(png, cv2.IMREAD_COLOR)[..., ::-1]


def _fill(axes, panel):
    for name, (x, y) in panel.lines.items():
        # A line of one point shows nothing else.
        marker = "o" if len(x) <= _MAX_MARKERS else None
        axes.plot(x, y, label=name, marker=marker, markersize=3)
    values = np.concatenate([y for _, y in panel.lines.values()])
    finite = values[np.isfinite(values)]
    if panel.log and finite.size and finite.min() > 0:
        axes.set_yscale("log")
    if panel.log_x:
        axes.set_xscale("log")
    axes.set_title(panel.title)
    axes.set_xlabel(panel.x_label)
    axes.grid(alpha=0.3)
    if len(panel.lines) > 1:
        axes.legend()
