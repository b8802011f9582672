"""Training: photographs and a configuration in, weights and a report out.

Every step takes the pairs of its numbers, which depend on nothing else, and
every `checkpoint_every` steps the whole state is saved. So a run that was
stopped at any moment and started again goes on as if nothing had happened.
"""

import collections
import json
import math
import pathlib
import time

from absl import app, logging

from gocor_tf.data import atomic, batches, photographs

from . import (
    assembly,
    curves,
    optimizers,
    prefetch,
    report,
    settings,
    training_pictures,
)
from .checkpoints import Checkpoints
from .journal import LOG, Journal

WEIGHTS = "model.weights.h5"
BEST_WEIGHTS = "best.weights.h5"
_NOT_FINITE = (
    "The gradient was not finite in {} steps in a row, up to step {}: the "
    "weights have not changed since, and the last checkpoint holds them. Try "
    "a lower `optimizer.learning_rate`, `optimizer.clip_norm=1e4`, or "
    "`dtype_policy=float32`, from --config.model.init_weights in a new "
    "`workdir`."
)


def train(config, workdir):
    """Trains a network, or goes on with a training that was stopped.

    Args:
        config: `TrainConfig`.
        workdir: folder of checkpoints, logs, weights and report.

    Returns:
        The report, as saved in `report.json`.

    Raises:
        UsageError: if the configuration cannot be used.
        RuntimeError: if the gradient stays not finite, or a worker is lost.
        OSError: if a file cannot be written, or a photograph is gone.
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
        self._config = config
        self._workdir = pathlib.Path(workdir)
        assembly.prepare_backend(config)
        training, held_out = photographs.split_photographs(
            photographs.list_photographs(config.data.image_dir),
            config.validation.every,
        )
        self._source = assembly.create_source(config, training, config.seed)
        self._model, self._runner = assembly.create_runner(config, self._source)
        self._validation = assembly.create_validation(
            config, self._model, held_out
        )
        self._checkpoints = Checkpoints(
            self._workdir / "checkpoints", config.keep_checkpoints
        )
        self._step = 0
        self._facts = {
            "settings": settings.that_matter(config, training),
            "seconds": 0.0,
            "seconds_waiting": 0.0,
            "scalars": {},
            "best": {"aepe": math.inf, "step": 0},
        }
        self._restore()
        self._runner.check_same_step(self._step)
        is_chief = self._runner.is_chief
        if is_chief:
            report.save(
                self._workdir / "config.json", report.config_as_dict(config)
            )
        self._journal = Journal(config, self._workdir, self._step, is_chief)

    def finished_report(self):
        """Returns the report if the run has nothing left to do, else None."""
        path = self._workdir / report.REPORT
        finished = self._step == self._config.num_steps and path.exists()
        if not finished:
            return None
        self._journal.say(f"Finished before: {path}")
        return json.loads(path.read_text(encoding="utf-8"))

    def train(self):
        """Takes the remaining steps; returns the report."""
        config = self._config
        taken, since = collections.defaultdict(list), time.monotonic()
        for parts in self._batches():
            rate = optimizers.learning_rate(
                config.optimizer, config.num_steps, self._step
            )
            for number, part in enumerate(parts, start=1):
                scalars = self._runner.step(part, rate, number == len(parts))
                for name, value in scalars.items():
                    taken[name].append(value)
            self._step += 1
            validates = self._is_due(config.validation.interval)
            if validates or self._is_due(config.log_every):
                self._log(taken, rate, since)
                taken, since = collections.defaultdict(list), time.monotonic()
            if validates and self._step < config.num_steps:
                self._validate()
            if self._is_due(config.checkpoint_every):
                self._save()
            if config.picture_every and self._is_due(config.picture_every):
                self._show()
            if validates:
                since = time.monotonic()
        return self._finish()

    def _batches(self):
        """Yields the batch of each remaining step, as a list of its parts."""
        config = self._config
        num_parts = config.optimizer.accumulation
        size = config.data.batch_size // num_parts
        rows = self._runner.rows(size)
        made = prefetch.prefetch(
            lambda part: batches.make_batch(
                self._source,
                range(part * size + rows.start, part * size + rows.stop),
            ),
            range(self._step * num_parts, config.num_steps * num_parts),
            config.data.num_workers,
            config.data.prefetch,
        )
        for _ in range(self._step, config.num_steps):
            since = time.monotonic()
            try:
                parts = [next(made)[1] for _ in range(num_parts)]
            except ValueError as error:
                self._save()
                raise OSError(
                    f"{error} The file was there when the run began. Put it "
                    "back and run the same command: it goes on from step "
                    f"{self._step}."
                ) from error
            self._facts["seconds_waiting"] += time.monotonic() - since
            yield parts

    def _is_due(self, interval):
        return (
            self._step % interval == 0 or self._step == self._config.num_steps
        )

    def _log(self, taken, rate, since):
        """Reads the scalars of the last steps, and writes their means."""
        config = self._config
        values = {k: [float(v) for v in column] for k, column in taken.items()}
        scalars = {k: _finite_mean(column) for k, column in values.items()}
        num_steps = len(values["loss"]) // config.optimizer.accumulation
        in_row = int(values["num_skipped_in_row"][-1])
        del scalars["num_skipped_in_row"]
        seconds = time.monotonic() - since
        self._facts["seconds"] += seconds
        self._facts["scalars"] = {
            **scalars,
            "num_skipped": values["num_skipped"][-1],
            "learning_rate": rate,
            "images_per_second": num_steps * config.data.batch_size / seconds,
        }
        self._journal.write(self._step, "train", self._facts["scalars"])
        self._journal.progress(
            self._step,
            self._facts["scalars"],
            (config.num_steps - self._step) * seconds / num_steps,
        )
        if in_row >= config.max_skipped_steps:
            raise RuntimeError(_NOT_FINITE.format(in_row, self._step))

    def _validate(self):
        scores = self._validation.evaluate(self._runner)
        self._journal.write(self._step, "validation", scores)
        values = "  ".join(f"{k} {v:.2f}" for k, v in scores.items())
        self._journal.say(f"validation at step {self._step}: {values}")
        if scores["aepe"] <= self._facts["best"]["aepe"]:
            self._facts["best"] = {**scores, "step": self._step}
            self._save_weights(self._workdir / BEST_WEIGHTS)
        return scores

    def _show(self):
        if not self._journal.shows_pictures:
            return
        pictures = self._validation.pictures(self._runner)
        pair = {name: pictures[name][:1] for name in ("reference", "query")}
        with self._runner.averaged_model():
            figures = training_pictures.figures(self._model, pair)
        self._journal.show(self._step, pictures, figures)

    def _save(self):
        if self._runner.is_chief:
            self._checkpoints.save(self._step, self._runner.read(), self._facts)

    def _save_weights(self, path):
        if self._runner.is_chief:
            with (
                atomic.atomic_path(path) as temporary,
                self._runner.averaged_model(),
            ):
                self._model.save_weights(temporary)

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

    def _finish(self):
        """Writes the weights, evaluates them, and writes the report."""
        scores = self._validate()
        path = self._workdir / WEIGHTS
        self._save_weights(path)
        facts, config = self._facts, self._config
        seconds = max(facts["seconds"], 1e-9)
        content = {
            "steps": self._step,
            "skipped_steps": int(facts["scalars"]["num_skipped"]),
            "seconds": facts["seconds"],
            "images_per_second": self._step * config.data.batch_size / seconds,
            "data_wait_share": facts["seconds_waiting"] / seconds,
            "parameters": self._model.count_params(),
            "replicas": self._runner.num_replicas,
            "train": facts["scalars"],
            "validation": scores,
            "best": {**facts["best"], "file": BEST_WEIGHTS},
        }
        if self._runner.is_chief:
            content = report.describe(config, path, content)
            curves.save(self._workdir / LOG, self._workdir / curves.CURVES)
            report.save(self._workdir / report.REPORT, content)
        self._journal.say(f"Wrote {path} and {self._workdir / report.REPORT}")
        return content


def _finite_mean(values):
    """Returns the mean over steps that were not skipped."""
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan
