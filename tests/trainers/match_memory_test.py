"""Memory that a pair of 24 megapixels needs."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from gocor_tf import views
from gocor_tf.data import flow_io, pictures

SIZE = (4000, 6000)
TURN = np.array([[1.05, 0.1, -300], [-0.1, 1.05, 200], [0, 0, 1]])
LIMIT = 4.0
# Runs a command and prints the most memory that it held, in GiB.
MEASURED = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
unit = 2**30 if sys.platform == "darwin" else 2**20
print(usage.ru_maxrss / unit)
sys.exit(status)
"""


def _write_pair(folder):
    """Writes a scene with detail of every size, and the scene turned."""
    rng = np.random.default_rng(0)
    scene = np.zeros((*SIZE, 3), np.float32)
    for step in (4, 16, 64, 256):
        coarse = rng.normal(0, 40, (SIZE[0] // step, SIZE[1] // step, 3))
        scene += cv2.resize(coarse.astype(np.float32), SIZE[::-1])
    scene = np.clip(scene + 128, 0, 255).astype(np.uint8)
    pictures.write_png(folder / "reference.png", scene)
    turned = views.warp_image(scene, TURN, SIZE)
    pictures.write_png(folder / "query.png", turned)


@pytest.mark.slow
def test_a_pair_of_24_megapixels_needs_less_than_4_gib(tmp_path):
    _write_pair(tmp_path)
    command = [sys.executable, "-m", "gocor_tf.trainers.match"]
    images = [str(tmp_path / f"{name}.png") for name in ("reference", "query")]
    output = tmp_path / "out"
    measured = subprocess.run(
        [sys.executable, "-c", MEASURED, *command, *images]
        + [f"--output_dir={output}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert measured.returncode == 0, measured.stderr
    assert float(measured.stdout) < LIMIT
    assert len(os.listdir(output)) == 7
    grid = views.pixel_grid(SIZE)[::8, ::8]
    truth = views.map_points(TURN, grid)
    found = grid + flow_io.read_flo(output / "flow.flo")[::8, ::8]
    inside = views.is_inside(truth, SIZE)
    errors = np.linalg.norm(found - truth, axis=-1)[inside]
    # Shrunk to 2 megapixels, one of its pixels is 3.4 of the photograph's.
    assert np.median(errors) < 1
