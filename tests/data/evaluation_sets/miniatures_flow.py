"""Writes the files of miniature evaluation sets, without gocor_tf."""

import csv
import os

import cv2
import numpy as np


def write_image(path, size, seed=0):
    """Writes noise of `(height, width)`, and returns it as RGB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(seed).integers(0, 256, (*size, 3), "uint8")
    assert cv2.imwrite(str(path), image[..., ::-1])
    return image


def write_mask(path, mask):
    """Writes a grey image: 255 where the mask is set."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.where(mask, 255, 0).astype("uint8"))


def write_flo(path, flow):
    """Writes a Middlebury `.flo` file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flow = np.asarray(flow, "<f4")
    with open(path, "wb") as file:
        np.array([202021.25], "<f4").tofile(file)
        np.array(flow.shape[1::-1], "<i4").tofile(file)
        flow.tofile(file)


def write_csv(path, rows):
    """Writes rows of cells, the first of which are the columns."""
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)


def cut_short(path, num_bytes=20):
    """Removes the last bytes of a file."""
    path.write_bytes(path.read_bytes()[:-num_bytes])


def make_loop(path):
    """Replaces a file by a link to itself."""
    path.unlink()
    os.symlink(path, path)
