"""What a training run reads and writes, for several tests."""

import cv2
import h5py
import numpy as np

from gocor_tf.trainers.configs import default

# What makes a BaseNet small, and quick to compile.
PLAIN = {
    "backbone": "compact",
    "decoder": "residual",
    "refinement": (3,),
    "global_correlation": "feature",
    "local_correlation": "feature",
    "width": 0.125,
}


def plain_config(image_dir, **fields):
    """Returns the default's smoke variant for a small plain BaseNet.

    Args:
        image_dir: folder of photographs.
        **fields: more fields of the recipe.
    """
    config = default.get_config("smoke")
    config.data.image_dir = str(image_dir)
    config.loss.level_weights = (0.32, 0.08, 0.02)
    config.tensorboard = False
    config.model.preset = "basenet"
    for name, value in PLAIN.items():
        setattr(config.model, name, value)
    for name, value in fields.items():
        setattr(config, name, value)
    return config


def write_photographs(folder):
    """Writes three small photographs of random blobs."""
    rng = np.random.default_rng(0)
    for number in range(3):
        blobs = rng.uniform(0, 255, (12, 16, 3)).astype("float32")
        image = cv2.resize(blobs, (128, 96), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{number}.png"), np.clip(image, 0, 255))


def read_weights(workdir):
    """Returns every array of a run's weights file, by its name there."""
    weights = {}

    def collect(name, item):
        if isinstance(item, h5py.Dataset):
            weights[name] = item[()]

    with h5py.File(workdir / "model.weights.h5") as file:
        file.visititems(collect)
    return weights
