"""Every command and snippet of the README, run as it stands, in its order."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

from tests.testdata.oracle import oracle_weights

ROOT = pathlib.Path(__file__).parents[1]
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)
# Set-up is what .ci/run does; TensorBoard and servers would not end.
NOT_RUN = ("python3 -m venv", "pip install", "tensorboard", "sh exported")
SERVER = "localhost:8500"
# Two steps are enough to see that the command is right.
REPLACED = {"configs/default.py": "configs/default.py:smoke"}


def readme_blocks():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [
        pytest.param(language, code, id=code.splitlines()[0][:40])
        for language, code in BLOCK.findall(text)
        if not code.startswith(NOT_RUN)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The reader's folder: two photographs, more of them, pairs, configs."""
    folder = tmp_path_factory.mktemp("reader")
    demo = ROOT / "gocor_tf" / "demo_pair"
    for path in demo.iterdir():
        shutil.copy(path, folder)
    shutil.copy(demo / "1.jpg", folder / "reference.jpg")
    shutil.copy(demo / "6.jpg", folder / "query.jpg")
    (folder / "photographs").mkdir()
    for number in range(4):
        for name in ("1.jpg", "6.jpg"):
            shutil.copy(demo / name, folder / "photographs" / f"{number}{name}")
    (folder / "trainers").symlink_to(ROOT / "trainers")
    write_kitti(folder / "data_scene_flow" / "training")
    return folder


def write_kitti(folder):
    """Writes one pair in the layout of KITTI 2015 that does not move."""
    for name in ("image_2", "flow_occ"):
        (folder / name).mkdir(parents=True)
    image = cv2.imread(str(ROOT / "gocor_tf" / "demo_pair" / "1.jpg"))
    for name in ("000000_10.png", "000000_11.png"):
        cv2.imwrite(str(folder / "image_2" / name), image)
    flow = np.full(image.shape, (1, 32768, 32768), np.uint16)
    cv2.imwrite(str(folder / "flow_occ" / "000000_10.png"), flow)


def write_checkpoint(path):
    """Writes random weights with the names of a published checkpoint."""
    torch = pytest.importorskip("torch")
    specs = pathlib.Path(oracle_weights.__file__).parent / "specs" / "models"
    arrays = oracle_weights.build(str(specs / "GLUNet_GOCor.json"), 11)
    tensors = {name: torch.tensor(array) for name, array in arrays.items()}
    torch.save(tensors, path)


@pytest.fixture(scope="module")
def server(folder):
    """Returns the address of a server of what the reader has exported.

    It is the tests' own, in the place of an installed TensorFlow Serving.
    """
    pytest.importorskip("tensorflow_serving")
    from tests.serving import servers

    config = servers.models_config(default=folder / "exported" / "default")
    server = servers.launch(servers.CONFORMANCE, folder, config)
    yield servers.wait_until_ready(server).grpc_address
    server.stop()


@pytest.mark.slow
@pytest.mark.parametrize("language, code", readme_blocks())
def test_block_runs(request, folder, language, code):
    if SERVER in code:
        code = code.replace(SERVER, request.getfixturevalue("server"))
    if code.startswith("gocor-convert"):
        write_checkpoint(folder / "GLUNet_GOCor_static.pth")
    for old, new in REPLACED.items():
        code = code.replace(old, new)
    shell = {
        "bash": ["bash", "-euo", "pipefail", "-c", code],
        "python": [sys.executable, "-c", code],
    }
    bin_dir = os.path.dirname(sys.executable)
    result = subprocess.run(
        shell[language],
        cwd=folder,
        env={**os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert result.returncode == 0, result.stderr
