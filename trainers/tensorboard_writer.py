"""Scalars and pictures for TensorBoard (TensorFlow only)."""

import numpy as np

from gocor_tf import visualization

from . import command_line


class TensorBoardWriter:
    """Writes scalars and pictures of matched pairs.

    Args:
        folder: of the event files.
    """

    def __init__(self, folder):
        command_line.import_extra("tensorboard", "train")
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
                `(batch, height, width, 3)` in 0..255, and `flow` and
                `true_flow` `(batch, height, width, 2)` in pixels.
        """
        strips = np.stack([_strip(pairs, i) for i in range(len(pairs["flow"]))])
        with self._writer.as_default(step):
            self._summary.image(
                "reference | query | warped query | flow | true flow",
                strips,
                max_outputs=len(strips),
            )
        self._writer.flush()


def _strip(pairs, index):
    """Joins the pictures of one pair; both flows share one colour scale."""
    images = [
        np.clip(pairs[name][index], 0, 255).astype("uint8")
        for name in ("reference", "query", "warped")
    ]
    true_flow = pairs["true_flow"][index]
    scale = float(np.linalg.norm(true_flow, axis=-1).max())
    flows = [
        visualization.flow_to_color(flow, scale)
        for flow in (pairs["flow"][index], true_flow)
    ]
    return np.concatenate(images + flows, axis=1)
