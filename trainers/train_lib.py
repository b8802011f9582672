"""Training: photographs and a configuration in, weights and a report out.

The configuration's parts are built once; then every step takes the batch of
its number, and every `checkpoint_every` steps the whole state is saved. As a
batch depends on its number alone, a run that was stopped at any moment and
started again goes on as if nothing had happened.
"""

import contextlib
import json
import os
import pathlib
import time

import keras
import numpy as np
from absl import app, logging

from gocor_tf.data import photographs, synthetic_pairs
from gocor_tf.models import presets

from . import (
    checkpoints,
    journal,
    optimizers,
    prefetch,
    report,
    runners,
    settings,
    tensorboard,
    validation,
)
from .training_step import TrainingStep

WEIGHTS = "model.weights.h5"


def train(config, workdir):
    """Trains a network, or goes on with a training that was stopped.

    Args:
        config: `TrainConfig`.
        workdir: folder of checkpoints, logs, weights and report.

    Returns:
        The report, as saved in `report.json`.

    Raises:
        UsageError: if a value of the configuration cannot be used.
    """
    try:
        run = TrainingRun(config, workdir)
    except (ValueError, TypeError) as error:
        raise app.UsageError(str(error)) from error
    run.train()
    return run.finish()


class TrainingRun:
    """One run in its folder.

    Args:
        config: `TrainConfig`.
        workdir: the folder.
    """

    def __init__(self, config, workdir):
        settings.check(config)
        self._config = config
        self._workdir = pathlib.Path(workdir)
        self._workdir.mkdir(parents=True, exist_ok=True)
        _prepare_backend(config)
        training, held_out = photographs.split_photographs(
            photographs.list_photographs(config.data.image_dir),
            config.validation.every,
        )
        self._pairs = _create_pairs(config, training)
        self._runner, self._model = _create_runner(config, self._pairs)
        self._validation = validation.Validation(
            self._model,
            _create_validation_pairs(config, held_out),
            config.validation.num_pairs,
            config.validation.thresholds,
        )
        self._facts = {"settings": settings.that_matter(config, training)}
        self._checkpoints = checkpoints.Checkpoints(
            self._workdir / "checkpoints", config.keep_checkpoints
        )
        self._step, self._seconds = 0, 0.0
        self._restore()
        self._open_logs()

    def train(self):
        """Takes the remaining steps."""
        config = self._config
        pending, since = [], time.monotonic()
        batches = prefetch.prefetch(
            self._pairs.batch,
            range(self._step, config.num_steps),
            config.data.num_workers,
            config.data.prefetch,
        )
        for step, batch in batches:
            rate = optimizers.learning_rate(
                config.optimizer, config.num_steps, step
            )
            pending.append(self._runner.step(batch, rate))
            self._step = step + 1
            validates = self._is_due(config.validation.interval)
            if validates or self._is_due(config.log_every):
                self._log(pending, rate, time.monotonic() - since)
                pending, since = [], time.monotonic()
            if self._is_due(config.checkpoint_every):
                self._save()
            if validates:
                self._validate()
                since = time.monotonic()
