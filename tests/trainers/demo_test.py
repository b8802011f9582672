import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request

import cv2
import numpy as np
import pytest
from absl import app

import gocor_tf
from gocor_tf.data import flow_io, pictures
from gocor_tf.match import Match
from gocor_tf.trainers import demo, demo_lib
from tests.trainers.video_test import _match_still, _write_video

PAIR = pathlib.Path(gocor_tf.__file__).parent / "demo_pair"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture
def match():
    """Returns a match that is sure of its left half, and shifts by 3 px."""
    rng = np.random.default_rng(0)
    images = rng.integers(1, 256, (2, 40, 60, 3), np.uint8)
    flow = np.zeros((40, 60, 2), np.float32)
    flow[..., 0] = 3
    confidence = np.zeros((40, 60), np.float32)
    confidence[:, :30] = 0.9
    return Match(*images, flow, confidence)


def test_what_is_less_sure_than_the_threshold_is_black(match):
    warped = demo_lib.draw(match, 0.5)["warped"]
    np.testing.assert_array_equal(warped[:, :30], match.query[:, 3:33])
    assert not warped[:, 30:].any()


def test_threshold_chooses_the_lines(match):
    some = demo_lib.draw(match, 0.5)["matches"]
    none = demo_lib.draw(match, 0.95)["matches"]
    assert some.shape == none.shape
    assert (some != none).any()
    np.testing.assert_array_equal(none[:, :60], match.reference)


def test_description_gives_share_and_motion(match):
    text = demo_lib.describe(match, 0.5)
    assert text.startswith("50 % of the pixels") and "3.0 px" in text


def test_flow_is_written_to_a_folder_of_its_own(match, tmp_path):
    first, second = (demo_lib.write_flow(match, tmp_path) for _ in range(2))
    assert first != second
    np.testing.assert_array_equal(flow_io.read_flo(first), match.flow)


def test_uploads_are_named_as_the_user_knows_them(tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes((PAIR / "1.jpg").read_bytes()[:5000])
    with pytest.raises(ValueError, match="reference 'broken.jpg': it is cut"):
        demo_lib.match_files(None, path, None)


def test_missing_upload_is_asked_for():
    with pytest.raises(ValueError, match="an image as the query first"):
        demo_lib.match_files(None, PAIR / "1.jpg", None)
    with pytest.raises(ValueError, match="Choose a video first"):
        demo_lib.match_video(None, None, None)


def test_video_is_one_that_browsers_play(tmp_path):
    _write_video(tmp_path / "in.mp4", 4)
    path = demo_lib.match_video(
        _match_still, str(tmp_path / "in.mp4"), tmp_path
    )
    assert os.listdir(os.path.dirname(path)) == ["overlay.webm"]
    capture = cv2.VideoCapture(path)
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 3
    code = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little")
    assert code == b"VP80"


def test_file_that_is_no_video_is_named_as_the_user_knows_it(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("no video")
    with pytest.raises(ValueError, match="match video 'notes.mp4': it must"):
        demo_lib.match_video(_match_still, str(path), tmp_path)


def test_each_preset_needs_its_weights():
    with pytest.raises(app.UsageError, match="Received: 2 and 1"):
        demo.load_networks(["default", "glunet"], ["random"])


@pytest.mark.parametrize("argument", ["--port=0", "--port=x", "--mode=y"])
def test_wrong_usage_is_status_2(argument):
    result = run_command(argument)
    assert result.returncode == 2
    assert argument.partition("=")[0][2:] in result.stderr.splitlines()[-1]


def test_missing_extra_is_status_2():
    code = "import sys; sys.modules['gradio'] = None; sys.argv[0] = 'demo'; "
    code += "from gocor_tf.trainers import demo; demo.main()"
    result = run(sys.executable, "-c", code)
    assert result.returncode == 2
    assert "pip install 'gocor_tf[demo]'" in result.stderr.splitlines()[-1]


def run_command(*arguments):
    return run(sys.executable, "-m", "gocor_tf.trainers.demo", *arguments)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def address():
    """Serves the page with an untrained network, by the command itself."""
    pytest.importorskip("gradio")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-u", "-m", "gocor_tf.trainers.demo"]
    command += ["--weights=random", "--mode=direct", f"--port={port}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        for line in process.stdout:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                break
        assert found, "the page was not served"
        yield found[0]
    finally:
        stop(process)


def stop(process):
    """Ends the command as Ctrl-C does, so that it removes its files."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()


@pytest.fixture(scope="module")
def browser():
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser, address):
    """Opens the page; a request to elsewhere fails the test."""
    page = browser.new_page(viewport={"width": 1200, "height": 1600})
    # The first match also compiles the network.
    page.set_default_timeout(600_000)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(address)
    yield page
    page.close()
    elsewhere = [
        url
        for url in requests
        if not url.startswith((address, "data:", "blob:"))
    ]
    assert not elsewhere


def upload(page, element, path):
    page.locator(f"#{element} input[type=file]").set_input_files(path)


@pytest.mark.slow
def test_two_photographs_become_pictures_and_a_file(page, tmp_path):
    reference = pictures.to_image(PAIR / "1.jpg")[::4, ::4]
    pictures.write_png(tmp_path / "reference.png", reference)
    upload(page, "reference", tmp_path / "reference.png")
    upload(page, "query", PAIR / "6.jpg")
    page.locator("#query img").wait_for()
    page.get_by_role("button", name="Match", exact=True).click()
    for name in ("flow", "confidence", "matches"):
        picture = page.locator(f"#{name} img")
        picture.wait_for()
        assert picture.evaluate("image => image.naturalWidth") > 0
    assert page.locator("#warped img").count() == 2
    with page.expect_download() as download:
        page.locator("#download").click()
    download.value.save_as(tmp_path / "flow.flo")
    flow = flow_io.read_flo(tmp_path / "flow.flo")
    assert flow.shape == (*reference.shape[:2], 2)
    page.screenshot(path=tmp_path / "page.png", full_page=True)

    assert page.get_by_text("a confidence of at least 0.50").count() == 1
    threshold = page.locator("#threshold input[type=number]")
    threshold.fill("0.9")
    threshold.blur()
    page.get_by_text("a confidence of at least 0.90").wait_for()


@pytest.mark.slow
def test_example_fills_the_page(page):
    page.locator(".gallery-item, .gallery tr, tbody tr").first.click()
    page.locator("#reference img").wait_for()
    page.locator("#query img").wait_for()


@pytest.mark.slow
def test_broken_file_is_an_error_in_the_page(page, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes((PAIR / "1.jpg").read_bytes()[:5000])
    upload(page, "reference", broken)
    upload(page, "query", PAIR / "6.jpg")
    page.locator("#query img").wait_for()
    page.get_by_role("button", name="Match", exact=True).click()
    page.get_by_text("reference 'broken.jpg': it is cut short").wait_for()


@pytest.mark.slow
def test_nothing_uploaded_is_an_error_in_the_page(page):
    page.get_by_role("button", name="Match", exact=True).click()
    page.get_by_text("Choose an image as the reference first").wait_for()


@pytest.mark.slow
def test_video_becomes_a_video(page, tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "video.webm"
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*"VP80"), 10, (96, 64)
    )
    for _ in range(3):
        writer.write(rng.integers(0, 256, (64, 96, 3), np.uint8))
    writer.release()
    page.get_by_role("tab", name="Video").click()
    upload(page, "video", path)
    page.locator("#video .file-preview").wait_for()
    page.get_by_role("button", name="Match successive frames").click()
    result = page.locator("#overlay video")
    result.wait_for()
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    source = result.get_attribute("src")
    assert urllib.request.urlopen(source).read(4) == b"\x1aE\xdf\xa3"


@pytest.mark.slow
def test_taken_port_is_status_1(address):
    port = address.rpartition(":")[2]
    result = run_command("--weights=random", f"--port={port}")
    assert result.returncode == 1
    assert port in result.stderr.splitlines()[-1]
