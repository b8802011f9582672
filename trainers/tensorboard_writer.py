"""Scalars and pictures for TensorBoard (TensorFlow only)."""

import numpy as np

from gocor_tf import visualization

from . import command_line

# In the order they are shown.
_TITLES = {
    "reference": "reference",
    "query": "query",
    "warped": "warped query",
    "flow": "flow",
    "true_flow": "true flow",
    "confidence": "confidence",
    "mask": "loss mask",
}


class TensorBoardWriter:
    """Writes scalars and pictures of matched pairs.

    Args:
        folder: of the event files.
    """

    def __init__(self, folder):
        for module in ("tensorboard", "matplotlib"):
            command_line.import_extra(module, "train")
        import tensorflow as tf

        self._summary = tf.summary
        self._writer = tf.summary.create_file_writer(str(folder))

    def write_scalars(self, step, scalars):
        """Writes a dict of numbers."""
        with self._writer.as_default(step):
            for name, value in scalars.items():
                self._summary.scalar(name, value)
        self._writer.flush()

    def write_pictures(self, step, pairs):
        """Writes one strip for each pair.

        Args:
            step: steps taken.
            pairs: dict of arrays: images `reference`, `query` and `warped`
                `(batch, height, width, 3)` in 0..255; `flow` and `true_flow`
                `(batch, height, width, 2)` in pixels; and, if known,
                `confidence` `(batch, height, width)` and `mask`, where the
                loss counts, `(batch, height, width, 1)`, both in 0..1. Others
                are left out.
        """
        shown = [name for name in _TITLES if name in pairs]
        strips = np.stack(
            [_strip(pairs, shown, i) for i in range(len(pairs["flow"]))]
        )
        title = " | ".join(_TITLES[name] for name in shown)
        self._write_images(step, title, strips)

    def write_figures(self, step, figures):
        """Writes pictures of any size.

        Args:
            step: steps taken.
            figures: dict of title -> `(height, width, 3)` uint8 RGB.
        """
        for title, figure in figures.items():
            self._write_images(step, title, figure[None])

    def _write_images(self, step, title, images):
        with self._writer.as_default(step):
            self._summary.image(title, images, max_outputs=len(images))
        self._writer.flush()


def _strip(pairs, names, index):
    """Joins the pictures of one pair."""
    # Both flows share one colour scale.
    scale = float(np.linalg.norm(pairs["true_flow"][index], axis=-1).max())
    return np.concatenate(
        [_picture(name, pairs[name][index], scale) for name in names], axis=1
    )


def _picture(name, values, scale):
    if name in ("flow", "true_flow"):
        return visualization.flow_to_color(values, scale)
    if name == "confidence":
        return visualization.confidence_to_color(values)
    if name == "mask":
        values = np.repeat(255 * values, 3, axis=-1)
    return np.clip(values, 0, 255).astype("uint8")
