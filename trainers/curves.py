"""The curves of a training run, from its lines of JSON to one picture."""

import json
import math

from absl import app, logging

from gocor_tf.data import atomic

from . import plots

CURVES = "curves.png"


def save(log_path, png_path):
    """Draws loss, learning rate, errors and PCK of a run against its steps.

    Without matplotlib nothing is drawn, and a warning names what to install.

    Args:
        log_path: file of `journal.JsonLines`.
        png_path: picture to write, whole or not at all.

    Returns:
        Whether the picture was written.
    """
    panels = panels_of(read(log_path))
    if not panels:
        logging.warning("No curves: %s has no values yet.", log_path)
        return False
    try:
        png = plots.draw(panels)
    except app.UsageError as error:
        logging.warning("No curves: %s", error)
        return False
    atomic.write_bytes(png_path, png)
    return True


def read(log_path):
    """Reads the lines of a run.

    Args:
        log_path: file of `journal.JsonLines`.

    Returns:
        Dict: name -> (steps, values), lists of equal length. Values that were
        not finite are NaN; a last line that was cut short is left out.
    """
    curves = {}
    with open(log_path, encoding="utf-8") as file:
        for line in file:
            try:
                scalars = json.loads(line)
            except ValueError:
                break
            step = scalars.pop("step")
            for name, value in scalars.items():
                steps, values = curves.setdefault(name, ([], []))
                steps.append(step)
                values.append(math.nan if value is None else value)
    return curves


def panels_of(curves):
    """Arranges curves in panels.

    Args:
        curves: what `read` returned.

    Returns:
        List of `plots.Panel`; those without a line are left out.
    """
    panels = [
        plots.Panel(
            "loss", _choose(curves, {"training": "train/loss"}), log=True
        ),
        plots.Panel(
            "end-point error, px",
            _choose(
                curves,
                {"training": "train/aepe", "validation": "validation/aepe"},
            ),
            log=True,
        ),
        plots.Panel("validation, PCK in %", _choose(curves, _pck(curves))),
        plots.Panel(
            "learning rate",
            _choose(curves, {"learning rate": "train/learning_rate"}),
            log=True,
        ),
    ]
    return [panel for panel in panels if panel.lines]


def _pck(curves):
    """Returns label -> name of the curves of PCK."""
    prefix = "validation/pck_"
    return {
        f"{name.removeprefix(prefix)} px": name
        for name in curves
        if name.startswith(prefix)
    }


def _choose(curves, names):
    return {
        label: curves[name] for label, name in names.items() if name in curves
    }
