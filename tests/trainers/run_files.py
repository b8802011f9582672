"""What a training run reads and writes, for several tests."""

import cv2
import h5py
import numpy as np


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
