"""Checks of a configuration, and what a resumed run may not change."""

import dataclasses
import hashlib
import json
import os

# Everything else decides the weights that come out.
_FREE = (
    "checkpoint_every",
    "keep_checkpoints",
    "log_every",
    "picture_every",
    "tensorboard",
    "strategy",
    "devices",
    "worker_timeout",
    "num_threads",
    "jit_compile",
    "deterministic",
    "max_skipped_steps",
    "model.init_weights",
    "data.image_dir",
    "data.records_dir",
    "data.table",
    "data.pair_list",
    "data.objects.coco_dir",
    "data.megadepth.root",
    "data.megadepth.scenes",
    "data.cache_megabytes",
    "data.num_workers",
    "data.prefetch",
    "validation.num_pairs",
    "validation.interval",
    "validation.thresholds",
)
_POSITIVE = (
    "num_steps",
    "checkpoint_every",
    "log_every",
    "max_skipped_steps",
    "worker_timeout",
    "validation.interval",
    "data.batch_size",
    "optimizer.learning_rate",
    "optimizer.accumulation",
)
_DTYPE_POLICIES = ("float32", "mixed_bfloat16", "mixed_float16", "float64")


def check(config):
    """Checks values that nothing else checks.

    Args:
        config: `TrainConfig`.

    Raises:
        ValueError: if one cannot be used.
    """
    if not config.data.image_dir:
        raise ValueError(
            "`data.image_dir` must be a folder of photographs: pass "
            "--config.data.image_dir=FOLDER. Received: data.image_dir=''"
        )
    fields = _flatten(dataclasses.asdict(config))
    for name in _POSITIVE:
        if not fields[name] > 0:
            raise ValueError(
                f"`{name}` must be > 0. Received: {name}={fields[name]}"
            )
    if not 0.0 <= config.optimizer.average_decay < 1.0:
        raise ValueError(
            "`optimizer.average_decay` must be in [0, 1). Received: "
            f"optimizer.average_decay={config.optimizer.average_decay}"
        )
    if config.dtype_policy not in _DTYPE_POLICIES:
        raise ValueError(
            f"`dtype_policy` must be one of {_DTYPE_POLICIES}. "
            f"Received: dtype_policy={config.dtype_policy!r}"
        )


def that_matter(config, photographs):
    """Returns what decides the trained weights, as JSON would return it.

    Args:
        config: `TrainConfig`.
        photographs: names of the files trained on; only their number and
            their own names matter, so that their folder can be moved.

    Returns:
        A flat dict, dotted field names to values.
    """
    fields = _flatten(dataclasses.asdict(config))
    for name in _FREE:
        del fields[name]
    names = "\n".join(os.path.basename(path) for path in photographs)
    fields["photographs"] = (
        f"{len(photographs)} files, names with SHA-256 "
        f"{hashlib.sha256(names.encode()).hexdigest()[:16]}"
    )
    return json.loads(json.dumps(fields))


def check_unchanged(saved, current, workdir):
    """Checks that a run goes on with the settings it began with.

    Args:
        saved: `that_matter` of the checkpoint.
        current: `that_matter` now.
        workdir: folder of the run.

    Raises:
        ValueError: if any differs; the message names the first three.
    """
    changed = [
        f"{name} was {saved.get(name)!r} and is {current.get(name)!r}"
        for name in sorted({*saved, *current})
        if saved.get(name) != current.get(name)
    ]
    if changed:
        raise ValueError(
            "`workdir` must be a new folder, or hold a run of the same "
            f"settings: {'; '.join(changed[:3])}. Received: workdir={workdir}"
        )


def _flatten(fields, prefix=""):
    flat = {}
    for name, value in fields.items():
        if isinstance(value, dict) and name not in (
            "global_gocor",
            "local_gocor",
        ):
            flat.update(_flatten(value, f"{prefix}{name}."))
        else:
            flat[prefix + name] = value
    return flat
