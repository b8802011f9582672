"""Rendering: photographs and a configuration in, TFRecords of pairs out.

Pairs are those that training with the same configuration makes. A pair
depends on the configuration and its number alone, so the records are the same
whoever renders them. A folder of pairs has

* `photographs.jsonl`: every image file of `data.image_dir`, with the reason
  why it is not used, or null. It is made once, so that later runs make the
  same pairs;
* `render.json`: what the pairs depend on;
* `pairs-00003-of-00020.tfrecord`: a shard, successive pairs. One that is
  removed is rendered again by the next run;
* `pairs-00003-of-00020.json`: how many there are, and which could not be made;
* `rejected.jsonl`: files and pairs that could not be used, with the reason.
"""

import functools
import json
import os
import pathlib

import numpy as np
from absl import app

from gocor_tf.data import atomic, batches, pair_records, photographs

from . import assembly, output_folder, prefetch, report, settings, workforce

REJECTED = "rejected.jsonl"
PAIRS_PER_SHARD = 50
_PHOTOGRAPHS = "photographs.jsonl"
_SETTINGS = "render.json"
_MIN_SIDE = 16
# What pairs depend on, besides most of `data`.
_FIELDS = ("seed", "validation.every", "photographs")
_FREE = ("data.batch_size",)


def render(config, workdir, num_pairs, workers):
    """Renders the first pairs of a training.

    Args:
        config: `TrainConfig`.
        workdir: folder to write to; complete shards in it are kept.
        num_pairs: number of pairs.
        workers: `Workforce`, whose processes all reach `workdir` and the
            photographs under these names.

    Returns:
        A line about the outcome.

    Raises:
        UsageError: if the configuration cannot be used, or the folder holds
            other pairs.
        ValueError: if no pair can be made.
        OSError: if a file cannot be written.
    """
    workdir = pathlib.Path(workdir)
    try:
        _prepare(config, workdir, num_pairs, workers)
    except (ValueError, TypeError) as error:
        raise app.UsageError(str(error)) from error
    shards = _shards(num_pairs)
    worker = functools.partial(RenderWorker, config, str(workdir))
    counts = workers.run(worker, shards, workdir, "rendering")
    reports = [
        _read((workdir / name).with_suffix(".json")) for name, *_ in shards
    ]
    rejected = _write_rejected(workdir, reports)
    num_made = sum(shard["pairs"] for shard in reports)
    if not num_made:
        raise ValueError(
            f"Cannot make any pair, see {workdir / REJECTED}: "
            f"{rejected[-1]['reason']}"
        )
    return (
        f"{num_made} pairs in {len(shards)} shards in {workdir}, "
        f"{sum(counts)} of them new; {len(rejected)} files or pairs in "
        f"{REJECTED}"
    )


class RenderWorker:
    """Renders shards, one after the other.

    Args:
        config: `TrainConfig`.
        workdir: folder of the shards, with the list of photographs.
    """

    def __init__(self, config, workdir):
        assembly.prepare_backend(config)
        self._workdir = pathlib.Path(workdir)
        self._source = _create_source(config, self._workdir)
        self._render = assembly.compile_render(self._source)
        self._num_threads = config.num_threads or os.cpu_count()

    def __call__(self, shard):
        """Renders a shard, unless it is there.

        Args:
            shard: its name, its first number, and its last plus one.

        Returns:
            The number of new pairs.
        """
        name, start, stop = shard
        path = self._workdir / name
        if path.exists():
            return 0
        rejected = []
        pair_records.write_shard(
            path, self._records(range(start, stop), path, rejected)
        )
        return stop - start - len(rejected)

    def _records(self, numbers, path, rejected):
        """Yields the records of a shard, and notes what is missing in it."""
        records = prefetch.prefetch(
            self._make, numbers, self._num_threads, 2 * self._num_threads
        )
        for number, (record, reason) in records:
            if record is None:
                rejected.append({"pair": number, "reason": reason})
            else:
                yield record
        # Before the shard has its name, for a run that ends in between.
        count = len(numbers) - len(rejected)
        report.save(
            path.with_suffix(".json"), {"pairs": count, "rejected": rejected}
        )

    def _make(self, number):
        """Returns the record of a pair, or None and why there is none."""
        try:
            batch = batches.make_batch(self._source, [number])
        except ValueError as error:
            return None, str(error)
        # One alone, so that its bits do not depend on its neighbours.
        rendered = {
            name: np.asarray(value)[0]
            for name, value in self._render(batch).items()
        }
        return pair_records.encode_pair(rendered, number), None


class PhotographWorker:
    """Finds out why files are no usable photographs.

    Args:
        image_dir: the folder that names are relative to.
    """

    def __init__(self, image_dir):
        self._image_dir = image_dir

    def __call__(self, name):
        """Returns the reason, or None for a usable photograph."""
        path = os.path.join(self._image_dir, name)
        try:
            height, width = photographs.read_image(path).shape[:2]
        except ValueError as error:
            return str(error)
        if min(height, width) < _MIN_SIDE:
            return f"image '{path}' is {height} x {width} pixels, too small"
        return None


def _prepare(config, workdir, num_pairs, workers):
    """Checks what was asked for, and looks at the photographs."""
    settings.check(config)
    if num_pairs < 1:
        raise ValueError(
            f"`--render` must be > 0, pairs. Received: --render={num_pairs}"
        )
    if config.loss.name == "warp_consistency":
        raise ValueError(
            "`loss.name` must be one of pairs with a known flow to render "
            f"them. Received: loss.name='{config.loss.name}'"
        )
    output_folder.create(workdir, "workdir")
    # Half a shard is all that a killed run leaves.
    for temporary in workdir.glob(".*.pairs-*.tfrecord"):
        temporary.unlink()
    if not (workdir / _PHOTOGRAPHS).exists():
        _look_at_photographs(config.data.image_dir, workdir, workers)
    wanted = {"num_pairs": num_pairs, **_that_matter(config, workdir)}
    if (workdir / _SETTINGS).exists():
        found = _read(workdir / _SETTINGS)
        settings.check_unchanged(found["settings"], wanted, workdir)
    assembly.prepare_backend(config)
    source = _create_source(config, workdir)
    if isinstance(source, pair_records.PairRecords):
        raise ValueError(
            "`data.records_dir` must be empty to render pairs. "
            "Received: pairs that were rendered before"
        )
    report.save(
        workdir / _SETTINGS,
        {"settings": wanted, "config": report.config_as_dict(config)},
    )


def _look_at_photographs(image_dir, workdir, workers):
    """Writes the list of photographs."""
    names = sorted(
        os.path.relpath(os.path.join(folder, name), image_dir)
        for folder, _, files in os.walk(image_dir)
        for name in files
        if name.lower().endswith(photographs.EXTENSIONS)
    )
    worker = functools.partial(PhotographWorker, image_dir)
    reasons = workers.run(worker, names, workdir, "photographs")
    if None not in reasons:
        first = "; ".join(reasons[:3]) or "there is no image file in it"
        raise ValueError(
            "`data.image_dir` must be a folder of photographs. "
            f"Received: data.image_dir='{image_dir}': {first}"
        )
    _write_lines(
        workdir / _PHOTOGRAPHS,
        [
            {"file": name, "reason": reason}
            for name, reason in zip(names, reasons, strict=True)
        ],
    )


def _training_photographs(config, workdir):
    """Returns the names of the usable files that are not held out."""
    usable = [
        os.path.join(config.data.image_dir, row["file"])
        for row in workforce.read_lines(workdir / _PHOTOGRAPHS)
        if row["reason"] is None
    ]
    return photographs.split_photographs(usable, config.validation.every)[0]


def _create_source(config, workdir):
    return assembly.create_source(
        config, _training_photographs(config, workdir), config.seed
    )


def _that_matter(config, workdir):
    """Returns what the pairs depend on, a flat dict."""
    fields = settings.that_matter(
        config, _training_photographs(config, workdir)
    )
    return {
        name: value
        for name, value in fields.items()
        if name in _FIELDS or (name.startswith("data.") and name not in _FREE)
    }


def _shards(num_pairs):
    """Returns name, first number and last plus one of each shard."""
    starts = range(0, num_pairs, PAIRS_PER_SHARD)
    return [
        (
            pair_records.shard_name(shard, len(starts)),
            start,
            min(start + PAIRS_PER_SHARD, num_pairs),
        )
        for shard, start in enumerate(starts)
    ]


def _write_rejected(workdir, reports):
    """Collects what was rejected, and returns it."""
    rows = [
        row
        for row in workforce.read_lines(workdir / _PHOTOGRAPHS)
        if row["reason"] is not None
    ]
    for shard in reports:
        rows += shard["rejected"]
    _write_lines(workdir / REJECTED, rows)
    return rows


def _read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def _write_lines(path, rows):
    with atomic.atomic_path(path) as temporary:
        workforce.write_lines(temporary, rows)
