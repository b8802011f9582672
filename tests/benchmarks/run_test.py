"""The command's flags, and its sections on both backends."""

import os
import re
import subprocess
import sys

import pytest
from absl import app

from benchmarks import figures, run
from tests.trainers.conftest import run_command

__all__ = ["run_command"]

# Runs the file as where TensorFlow is not installed.
WITHOUT_TENSORFLOW = """
import runpy
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "tensorflow":
            raise ModuleNotFoundError(name)

if __name__ == "__main__":
    sys.meta_path.insert(0, Absent())
    path = sys.argv.pop(1)
    runpy.run_path(path, run_name="__main__")
"""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--section=ops,other"], "`--section` must be some of ops,layers"),
        (["--section="], "`--section` must be some of .*Received: --section="),
        (["--seconds=-1"], "`--seconds` must be a number >= 0"),
        (["--batches=1,x"], "`--batches` must be numbers > 0.*=1,x"),
        (["--batches=1"], "`--batches` must be left out unless on JAX"),
        (["--output=page.md", "--quick"], "`--output` must be given without"),
        (
            ["--output=page.md", "--section=ops"],
            "`--output` must be given without",
        ),
        (["more"], "Arguments must be flags"),
    ],
)
def test_wrong_usage(run_command, arguments, message):
    with pytest.raises(app.UsageError, match=message):
        run_command(run.run_all, run.define_flags, *arguments)


@pytest.mark.parametrize("flag", ["output", "compare"])
def test_files_are_tried_before_anything_is_measured(
    run_command, tmp_path, flag
):
    path = tmp_path / "file"
    path.write_text("neither markers nor figures")
    with pytest.raises(app.UsageError, match=f"{flag}`? ?must"):
        run_command(run.run_all, run.define_flags, f"--{flag}={path}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "section", "left_out", "names"),
    [
        (
            "tensorflow",
            "networks,serving",
            "accelerator",
            ["BaseNet", "default", "default at 480x640", "GLUNet", "PWCNet"],
        ),
        (
            "jax",
            "accelerator",
            "serving",
            ["default in float32", "default in bfloat16"],
        ),
    ],
)
def test_quick_sections(tmp_path, backend, section, left_out, names):
    path = tmp_path / "run.json"
    command = [sys.executable, run.__file__]
    if backend == "jax":
        pytest.importorskip("jax")
        script = tmp_path / "without_tensorflow.py"
        script.write_text(WITHOUT_TENSORFLOW)
        command.insert(1, str(script))
    command += ["--quick", "--seconds=0"]
    sections = f"--section={section},{left_out}"
    lines = _run([*command, sections, f"--json={path}"], backend)
    for name in names:
        pattern = rf"GOCor overhead, {name}: \d+\.\d\d"
        assert any(re.fullmatch(pattern, line) for line in lines), lines
    assert sum(f"{left_out} left out" in line for line in lines) == 1
    facts = {"backend": backend, "device": "cpu"}
    found = figures.load(path, facts)
    sections = {"tensorflow": {"serving"}, "jax": {"roofline", "throughput"}}
    assert sections[backend] <= {figure.section for figure in found}
    assert len({figure.key for figure in found}) == len(found)
    # What is left out leaves the matrix product to compare.
    lines = _run(
        [*command, f"--section={left_out}", f"--compare={path}"], backend
    )
    assert lines[-1].endswith("of 1 figures changed beyond the noise")


def _run(command, backend):
    result = subprocess.run(
        command,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout.splitlines()
