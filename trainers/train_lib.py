"""Training: photographs and a configuration in, weights and a report out.

Every step takes the batch of its number, which depends on nothing else, and
every `checkpoint_every` steps the whole state is saved. So a run that was
stopped at any moment and started again goes on as if nothing had happened.
"""

import json
import math
import pathlib
import time

from absl import app, logging

from gocor_tf.data import atomic, photographs

from . import (
    assembly,
    journal,
    optimizers,
    prefetch,
    report,
    settings,
    tensorboard_writer,
)
from .checkpoints import Checkpoints

WEIGHTS = "model.weights.h5"


def train(config, workdir):
    """Trains a network, or goes on with a training that was stopped.

    Args:
        config: `TrainConfig`.
        workdir: folder of checkpoints, logs, weights and report.

    Returns:
        The report, as saved in `report.json`.

    Raises:
        UsageError: if the configuration cannot be used.
    """
    try:
        run = TrainingRun(config, workdir)
    except (ValueError, TypeError) as error:
        raise app.UsageError(str(error)) from error
    return run.finished_report() or run.train()


class TrainingRun:
    """One run in its folder.

    Args:
        config: `TrainConfig`.
        workdir: the folder, created if missing.
    """

    def __init__(self, config, workdir):
        settings.check(config)
        assembly.prepare_backend(config)
        self._config = config
        self._workdir = pathlib.Path(workdir)
        self._checkpoints = Checkpoints(
            self._workdir / "checkpoints", config.keep_checkpoints
        )
        training, held_out = photographs.split_photographs(
            photographs.list_photographs(config.data.image_dir),
            config.validation.every,
        )
        self._pairs = assembly.create_pairs(config, training)
        self._model, self._runner = assembly.create_runner(config, self._pairs)
        self._validation = assembly.create_validation(
            config, self._model, held_out
        )
        self._step = 0
        self._facts = {
            "settings": settings.that_matter(config, training),
            "seconds": 0.0,
            "scalars": {},
        }
        self._restore()
        self._open_logs()

    def finished_report(self):
        """Returns the report if the run has nothing left to do, else None."""
        path = self._workdir / report.REPORT
        finished = self._step == self._config.num_steps and path.exists()
        if not finished:
            return None
        self._bar.say(f"Finished before: {path}")
        return json.loads(path.read_text(encoding="utf-8"))

    def train(self):
        """Takes the remaining steps; returns the report."""
        config = self._config
        batches = prefetch.prefetch(
            self._pairs.batch,
            range(self._step, config.num_steps),
            config.data.num_workers,
            config.data.prefetch,
        )
        scalars, since = [], time.monotonic()
        for step, batch in batches:
            rate = optimizers.learning_rate(
                config.optimizer, config.num_steps, step
            )
            scalars.append(self._runner.step(batch, rate))
            self._step = step + 1
            validates = self._is_due(config.validation.interval)
            if validates or self._is_due(config.log_every):
                self._log(scalars, rate, since)
                scalars, since = [], time.monotonic()
            if self._is_due(config.checkpoint_every):
                self._save()
            if validates and self._step < config.num_steps:
                self._validate()
                since = time.monotonic()
            if config.picture_every and self._is_due(config.picture_every):
                self._show()
        return self._finish()

    def _is_due(self, interval):
        return (
            self._step % interval == 0 or self._step == self._config.num_steps
        )

    def _log(self, scalars, rate, since):
        """Reads the scalars of the last steps, and writes their means."""
        means = {
            name: _finite_mean([float(one[name]) for one in scalars])
            for name in scalars[0]
        }
        means["num_skipped"] = float(scalars[-1]["num_skipped"])
        seconds = time.monotonic() - since
        self._facts["seconds"] += seconds
        self._facts["scalars"] = {
            **means,
            "learning_rate": rate,
            "images_per_second": len(scalars)
            * self._config.data.batch_size
            / seconds,
        }
        self._write(self._facts["scalars"], "train")
        steps_left = self._config.num_steps - self._step
        self._bar.update(
            self._step,
            self._facts["scalars"],
            seconds_left=steps_left * seconds / len(scalars),
        )

    def _write(self, scalars, group):
        named = {f"{group}/{name}": value for name, value in scalars.items()}
        self._lines.write(self._step, named)
        if self._tensorboard:
            self._tensorboard.write_scalars(self._step, named)

    def _validate(self):
        scores = self._validation.evaluate(self._runner)
        self._write(scores, "validation")
        values = "  ".join(f"{k} {v:.2f}" for k, v in scores.items())
        self._bar.say(f"validation at step {self._step}: {values}")
        return scores

    def _show(self):
        if self._tensorboard:
            self._tensorboard.write_pictures(
                self._step, self._validation.pictures(self._runner)
            )

    def _save(self):
        self._checkpoints.save(self._step, self._runner.read(), self._facts)

    def _restore(self):
        restored = self._checkpoints.restore()
        if restored is None:
            return
        step, arrays, facts = restored
        settings.check_unchanged(
            facts["settings"], self._facts["settings"], self._workdir
        )
        self._runner.write(arrays)
        self._step, self._facts = step, facts
        logging.info("Going on from step %d.", step)

    def _open_logs(self):
        config = self._config
        report.save(
            self._workdir / "config.json", report.config_as_dict(config)
        )
        self._bar = journal.ProgressBar(config.num_steps)
        self._lines = journal.JsonLines(self._workdir / "log.jsonl", self._step)
        self._tensorboard = None
        if config.tensorboard and assembly.is_tensorflow():
            self._tensorboard = tensorboard_writer.TensorBoardWriter(
                self._workdir / "tensorboard"
            )

    def _finish(self):
        """Writes the weights, evaluates them, and writes the report."""
        scores = self._validate()
        self._runner.update_model()
        path = self._workdir / WEIGHTS
        with atomic.atomic_path(path) as temporary:
            self._model.save_weights(temporary)
        facts = self._facts
        content = report.describe(
            self._config,
            path,
            {
                "steps": self._step,
                "skipped_steps": int(facts["scalars"]["num_skipped"]),
                "seconds": facts["seconds"],
                "images_per_second": self._step
                * self._config.data.batch_size
                / max(facts["seconds"], 1e-9),
                "parameters": self._model.count_params(),
                "replicas": self._runner.num_replicas,
                "train": facts["scalars"],
                "validation": scores,
            },
        )
        report.save(self._workdir / report.REPORT, content)
        self._bar.say(f"Wrote {path} and {self._workdir / report.REPORT}")
        return content


def _finite_mean(values):
    """Returns the mean over steps that were not skipped."""
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan
