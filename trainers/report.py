"""The report of a finished run: what it did, with what, and what came out."""

import dataclasses
import hashlib
import importlib.metadata
import json
import platform

import keras

from gocor_tf.data import atomic

REPORT = "report.json"
_PACKAGES = ("gocor_tf", "keras", "tensorflow", "jax", "numpy")


def describe(config, weights_path, results):
    """Returns the report as a dict that JSON can hold.

    Args:
        config: `TrainConfig`.
        weights_path: the weights file that the run wrote.
        results: dict of what the run measured.
    """
    with open(weights_path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        **results,
        "weights": {"file": weights_path.name, "sha256": digest},
        "config": config_as_dict(config),
        "backend": keras.backend.backend(),
        "platform": platform.platform(),
        "versions": {"python": platform.python_version(), **_versions()},
    }


def config_as_dict(config):
    """Returns a `TrainConfig` as nested dicts, the way JSON reads it back."""
    return json.loads(json.dumps(dataclasses.asdict(config)))


def save(path, content):
    """Writes a JSON file, whole or not at all."""
    atomic.write_bytes(path, (json.dumps(content, indent=2) + "\n").encode())


def _versions():
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
