"""The recipes: one file each in `trainers/configs/`."""

import importlib
import pathlib

from gocor_tf.trainers.configs import published

FOLDER = pathlib.Path(published.__file__).parent
ALL = sorted(
    path.stem
    for path in FOLDER.glob("*.py")
    if path.stem not in ("__init__", "data_schema", "schema", "published")
)


def get_recipe(name):
    return importlib.import_module(f"gocor_tf.trainers.configs.{name}")


def get_config(name, variant="full"):
    return get_recipe(name).get_config(variant)
