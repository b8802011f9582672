import os

import numpy as np
import pytest
from absl import app

from gocor_tf.data import flow_io, pictures
from gocor_tf.trainers import match, network_flags

FILES = [
    "confidence.png",
    "flow.flo",
    "flow.png",
    "matches.csv",
    "overlay.png",
    "summary.png",
    "warped.png",
]


@pytest.fixture
def run(run_command, monkeypatch, small_network):
    monkeypatch.setattr(network_flags, "load_model", lambda *_: small_network)
    return lambda *arguments: run_command(
        match.match, match.define_flags, *arguments
    )


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.png"
    noise = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    pictures.write_png(path, noise)
    return path


def test_two_images(run, image, tmp_path):
    folder = tmp_path / "out"
    output = run(image, image, "--output_dir", folder, "--size=16x16")
    assert sorted(os.listdir(folder)) == FILES
    assert flow_io.read_flo(folder / "flow.flo").shape == (20, 30, 2)
    assert "20 x 30" in output and f"written to  {folder}" in output


def test_the_packaged_pair(run, tmp_path):
    output = run("--output_dir", tmp_path)
    assert sorted(os.listdir(tmp_path)) == FILES
    error, zero_error = output.splitlines()[-2:]
    assert error.startswith("this match  AEPE")
    assert zero_error.startswith("zero flow   AEPE 132.83 px, PCK-1  0.0 %")


@pytest.mark.parametrize(
    ("arguments", "mode"),
    [
        ((), "alignment"),
        (("--mode=homography",), "homography"),
        (("--video=frames",), "direct"),
    ],
)
def test_mode(run, image, tmp_path, monkeypatch, arguments, mode):
    modes = []

    def stop(matcher, *_):
        modes.append(matcher.mode)
        return 0, ""

    monkeypatch.setattr(match.match_lib, "match_pair", stop)
    monkeypatch.setattr(match.video, "match_video", stop)
    images = () if "--video=frames" in arguments else (image, image)
    run(*images, "--output_dir", tmp_path / "out", *arguments)
    assert modes == [mode]


def test_max_pixels(run, image, tmp_path, monkeypatch):
    limits = []

    def stop(matcher, *_):
        limits.append(matcher.max_pixels)
        return None, ""

    monkeypatch.setattr(match.match_lib, "match_pair", stop)
    for arguments in ((), ("--max_pixels=70000",)):
        run(image, image, "--output_dir", tmp_path / "out", *arguments)
    assert limits == [2**20, 70000]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a"], "usage: gocor-match REFERENCE QUERY.*1 image"),
        (["a", "b", "c"], "Received: 3 image"),
        (["a", "b", "--video=c"], "either two images or --video"),
        (["a", "b", "--size=16"], "`--size` must be HEIGHTxWIDTH"),
        (["a", "b", "--size=0x5"], "`--size` must be HEIGHTxWIDTH"),
    ],
)
def test_wrong_usage(run, arguments, message):
    with pytest.raises(app.UsageError, match=message):
        run(*arguments)


def test_a_folder_that_cannot_be_written(run, image):
    with pytest.raises(ValueError, match="`--output_dir` must be a folder"):
        run(image, image, "--output_dir", image)


def test_an_unreadable_image_leaves_nothing_behind(run, image, tmp_path):
    folder = tmp_path / "out"
    with pytest.raises(ValueError, match="Cannot read image"):
        run(image, tmp_path / "missing.png", "--output_dir", folder)
    assert os.listdir(folder) == []
