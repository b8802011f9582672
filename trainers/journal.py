"""What a training run says while it runs: a bar, and lines of JSON."""

import json
import math
import pathlib
import sys

import keras

from gocor_tf.data import atomic

from . import tensorboard_writer

LOG = "log.jsonl"

_BAR_WIDTH = 24


class Journal:
    """All that a run says: bar, lines of JSON, TensorBoard.

    Args:
        config: `TrainConfig`.
        workdir: folder of the run, a `pathlib.Path`.
        step: the run goes on from.
        is_chief: whether this process speaks for all; else it is silent.
    """

    def __init__(self, config, workdir, step, is_chief=True):
        self._is_chief = is_chief
        self._tensorboard = None
        if not is_chief:
            return
        self._bar = ProgressBar(config.num_steps)
        self._lines = JsonLines(workdir / LOG, step)
        if config.tensorboard and keras.backend.backend() == "tensorflow":
            self._tensorboard = tensorboard_writer.TensorBoardWriter(
                workdir / "tensorboard"
            )

    @property
    def shows_pictures(self):
        """Whether pictures would be seen."""
        return self._tensorboard is not None

    def say(self, text):
        """Writes a line of its own."""
        if self._is_chief:
            self._bar.say(text)

    def write(self, step, group, scalars):
        """Notes scalars of a step under the name of their group."""
        if not self._is_chief:
            return
        named = {f"{group}/{name}": value for name, value in scalars.items()}
        self._lines.write(step, named)
        if self._tensorboard:
            self._tensorboard.write_scalars(step, named)

    def progress(self, step, scalars, seconds_left):
        """Moves the bar."""
        if self._is_chief:
            self._bar.update(step, scalars, seconds_left)

    def show(self, step, pictures, figures):
        """Shows pairs and figures in TensorBoard."""
        self._tensorboard.write_pictures(step, pictures)
        self._tensorboard.write_figures(step, figures)


class ProgressBar:
    """A bar that redraws itself; line by line where output is no terminal.

    Args:
        num_steps: steps of the whole run.
        stream: where to write; None: stdout.
    """

    def __init__(self, num_steps, stream=None):
        self._num_steps = num_steps
        self._stream = stream or sys.stdout
        self._is_open = False

    def update(self, step, scalars, seconds_left):
        """Shows the progress.

        Args:
            step: steps taken.
            scalars: dict with `loss`, `aepe` and `images_per_second`.
            seconds_left: estimate, in seconds.
        """
        filled = _BAR_WIDTH * step // self._num_steps
        bar = "=" * filled + "." * (_BAR_WIDTH - filled)
        line = (
            f"{step}/{self._num_steps} [{bar}] "
            f"loss {scalars['loss']:.4g}  aepe {scalars['aepe']:.2f} px  "
            f"{scalars['images_per_second']:.1f} images/s  "
            f"{_clock(seconds_left)} left"
        )
        if self._stream.isatty():
            self._stream.write(f"\r{line}\x1b[K")
            self._is_open = True
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def say(self, text):
        """Writes a line of its own."""
        self._stream.write(f"\n{text}\n" if self._is_open else f"{text}\n")
        self._stream.flush()
        self._is_open = False


class JsonLines:
    """A file of scalars, one JSON object a line.

    Args:
        path: the file; lines beyond `last_step`, of a run that was stopped,
            are dropped.
        last_step: step the run goes on from.
    """

    def __init__(self, path, last_step):
        self._path = pathlib.Path(path)
        kept = [line for line in self._lines() if line["step"] <= last_step]
        text = "".join(json.dumps(line) + "\n" for line in kept)
        atomic.write_bytes(self._path, text.encode())

    def write(self, step, scalars):
        """Appends a line; values that are not finite become null."""
        values = {
            name: float(value) if math.isfinite(value) else None
            for name, value in scalars.items()
        }
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")

    def _lines(self):
        if not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                return  # The last line of a run that was killed.


def _clock(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
