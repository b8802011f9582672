"""Writes miniature data sets, with writers that are not gocor_tf's own."""

import csv
import os

import cv2
import numpy as np


def write_image(path, height, width, grey=0):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    image = np.full((height, width, 3), grey, "uint8")
    assert cv2.imwrite(str(path), image)


def write_table(path, *rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)


def make_loop(path):
    """Replaces a file by a symbolic link to itself."""
    os.remove(path)
    os.symlink(path, path)


def cut_short(path, number=20):
    path.write_bytes(path.read_bytes()[:-number])
