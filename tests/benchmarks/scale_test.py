"""The law of a network's time and memory, and what it leaves out."""

import json
import subprocess
import sys

import pytest
from absl import app

from benchmarks import report, scale, scale_law
from tests.trainers.conftest import run_command

__all__ = ["run_command"]


def points(sizes, base=1.0, slope=2.0):
    """Returns points whose memory and time follow one law exactly."""
    found = []
    for height, width, batch in sizes:
        value = base + slope * height * width * batch / 1e6
        times = (0.9 * value, value, 1.1 * value)
        found.append(
            scale_law.Point("default", height, width, batch, times, value)
        )
    return found


SIZES = [(256, 256, 1), (480, 640, 1), (480, 640, 8), (2000, 1000, 1)]


def test_fits_a_line_over_sizes_and_batches():
    for law in scale_law.laws(points(SIZES)):
        assert law.base == pytest.approx(1.0)
        assert law.slope == pytest.approx(2.0)
        assert law.deviation == pytest.approx(0.0, abs=1e-9)
        assert law.predict(3.0) == pytest.approx(7.0)
        assert law.most_megapixels(5.0) == pytest.approx(2.0)


def test_says_how_far_points_lie_from_the_law():
    law = scale_law.fit([1.0, 2.0, 3.0, 4.0], [1.0, 2.2, 3.0, 4.0])
    assert 0.05 < law.deviation < 0.1


def test_nothing_costs_less_than_nothing():
    law = scale_law.fit([1.0, 2.0, 4.0], [1.0, 2.4, 5.6])
    assert law.base == 0 and 1.1 < law.slope < 1.4


@pytest.mark.parametrize(
    "found", [points(SIZES[:1]), points(SIZES, base=10.0, slope=-1.0)]
)
def test_no_law_without_growth(found):
    assert scale_law.laws(found) is None
    (line,) = scale_law.describe_laws("default", found)
    assert line == "default: too few points for a law"


def test_largest_sizes_within_a_limit():
    memory, _ = scale_law.laws(points(SIZES))
    # 1.5 and no million pixels.
    assert scale_law.largest(memory, 4) == (1224, 4)
    assert scale_law.largest(memory, 0.5) == (0, 0)


def test_leaves_out_what_would_need_too_much():
    done = points(SIZES)
    assert scale.reason_to_leave_out(done, 4.0, 10, 10) == ""
    reason = scale.reason_to_leave_out(done, 5.0, 10, 20)
    assert reason == "it would need 11 GiB"
    reason = scale.reason_to_leave_out(done, 5.0, 20, 10)
    assert reason == "it would take 11 s"
    assert scale.reason_to_leave_out(done[:1], 1e6, 1, 1) == ""


def test_tables():
    text = scale_law.format_results(
        {
            "backend": "tensorflow",
            "machine": {"cores": 2, "architecture": "x86_64"},
            "versions": {"tensorflow": "2.21.0"},
            "points": [vars(p) for p in points(SIZES)],
            "left_out": ["default, 1 x 4096 x 4096 left out: too much"],
            "tiled": {
                "size": [2000, 3000],
                "max_pixels": 2**21,
                "seconds": 61.2,
                "gib": 3.1,
            },
        }
    )
    assert "| default | 480 x 640 | 8 | 5.92 (5.32 to 6.51) | 5.92 |" in text
    assert "| default | memory | 1.00 GiB | 2.00 GiB | 0% |" in text
    assert "| default | 4 GiB | 1224 x 1224 | 4 |" in text
    assert "* default, 1 x 4096 x 4096 left out" in text
    assert "pair of 2000 x 3000 in 61 s and 3.1 GiB" in text


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--networks=default,other", "`--networks` must be names of presets"),
        ("--networks=", "`--networks` must be names of presets"),
        ("--sides=256,x", "`--sides` must be numbers > 0"),
        ("--batches=0", "`--batches` must be numbers > 0"),
        ("--max_memory=0", "`--max_memory` must be a number > 0"),
        ("--max_seconds=-1", "`--max_seconds` must be a number > 0"),
        ("--tiled=2000", "`--tiled` must be HEIGHTxWIDTH"),
        ("--tiled=1000x2000", "`--tiled` must be .*of more than 2"),
        ("more", "Arguments must be flags"),
    ],
)
def test_wrong_usage(run_command, argument, message):
    with pytest.raises(app.UsageError, match=message):
        run_command(scale.run_all, scale.define_flags, argument)


@pytest.mark.slow
def test_writes_tables_and_json(tmp_path):
    page, numbers = tmp_path / "scale.md", tmp_path / "scale.json"
    page.write_text(f"before\n{report.BEGIN}\n{report.END}\nafter\n")
    command = [sys.executable, scale.__file__, "--networks=basenet_gocor"]
    command += ["--sides=64,256,8192", "--batches=1", "--max_memory=4"]
    command += ["--tiled=", f"--output={page}", f"--json={numbers}"]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=900
    )
    assert result.returncode == 0, result.stderr[-3000:]
    results = json.loads(numbers.read_text())
    assert [p["height"] for p in results["points"]][:2] == [64, 256]
    assert all(p["gib"] > 0.1 for p in results["points"])
    text = page.read_text()
    assert text.startswith("before") and "| basenet_gocor | 16 GiB |" in text
