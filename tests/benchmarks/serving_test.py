"""The tables of the serving benchmark, and all of it on small pictures."""

import json
import subprocess
import sys

import pytest
from absl import app

from benchmarks import report, serving, serving_table
from tests.trainers.conftest import run_command

__all__ = ["run_command"]

RESULTS = {
    "size": [480, 640],
    "cores": 2,
    "own_server": True,
    "batches": {
        1: {
            "Python model": [90.0, 100.0, 120.0],
            "SavedModel": [100.0, 110.0, 130.0],
        },
        4: {
            "Python model": [300.0, 400.0, 500.0],
            "SavedModel": [300.0, 300.0, 300.0],
        },
    },
    "clients": {16: {"pairs_per_second": 3.0, "ms": [1.0, 2.0, 4.0]}},
}


def test_tables_give_medians_quartiles_and_ratios():
    text = serving_table.format_results(RESULTS)
    assert "2 CPU cores" in text and "480 x 640" in text
    assert "| 1 pair, ms | 4 pairs, ms |" in text
    assert "| Python model | 100 (90 to 120) | 400 (300 to 500) |" in text
    cells = "110 (100 to 130), 1.10x | 300 (300 to 300), 0.75x"
    assert f"| SavedModel | {cells} |" in text
    assert "clients of a conformance server" in text
    assert "| 16 | 3.00 | 2 (1 to 4) |" in text


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--batches=1,x", "`--batches` must be numbers > 0"),
        ("--clients=0", "`--clients` must be numbers > 0"),
        ("--size=480", "`--size` must be HEIGHTxWIDTH"),
        ("more", "Arguments must be flags"),
    ],
)
def test_wrong_usage(run_command, argument, message):
    with pytest.raises(app.UsageError, match=message):
        run_command(serving.run_all, serving.define_flags, argument)


@pytest.mark.slow
def test_writes_tables_and_json(tmp_path):
    pytest.importorskip("onnxruntime")
    page, figures = tmp_path / "serving.md", tmp_path / "serving.json"
    page.write_text(f"before\n{report.BEGIN}\n{report.END}\nafter\n")
    result = subprocess.run(
        [sys.executable, serving.__file__, "--size=64x96", "--seconds=0"]
        + ["--batches=2", "--clients=2"]
        + [f"--output={page}", f"--json={figures}"],
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    results = json.loads(figures.read_text())
    assert results["batches"].keys() == {"2"}
    for times in results["batches"].values():
        assert times.keys() == serving.WAYS.keys()
    assert results["clients"]["2"]["pairs_per_second"] > 0
    text = page.read_text()
    assert text.startswith("before") and "| SavedModel |" in text
