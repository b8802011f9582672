"""The environment of tensorflow-addons, built once and kept by pytest."""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).parent
# The Python versions that TensorFlow 2.15 knows, newest first.
PYTHONS = ("python3.11", "python3.10", "python3.9")


@pytest.fixture(scope="session")
def addons_python(pytestconfig):
    """Returns the Python of an environment with `requirements.txt` in it.

    It lies in pytest's cache folder, under a name made from the requirements;
    of several processes of pytest, one builds it, and the others wait.
    """
    requirements = FOLDER / "requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    cache = pytestconfig.cache.mkdir("tensorflow_addons")
    environment = cache / digest
    with open(cache / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not environment.exists():
            unfinished = cache / f"{digest}.{os.getpid()}"
            _build(unfinished, requirements)
            unfinished.rename(environment)
    return environment / "bin" / "python"


def _build(environment, requirements):
    python = next(filter(None, map(shutil.which, PYTHONS)), None)
    if python is None:
        pytest.fail(f"tests/addons needs one of {', '.join(PYTHONS)}")
    try:
        _run([python, "-m", "venv", environment])
        pip = [environment / "bin" / "python", "-m", "pip", "install"]
        _run([*pip, "--quiet", "--requirement", requirements])
    except BaseException:
        shutil.rmtree(environment, ignore_errors=True)
        raise


@pytest.fixture(scope="session")
def run_there(addons_python):
    """Returns a function that runs a script of this folder over there."""

    def run(script, *arguments):
        # -I: nothing of this environment or checkout is found.
        return _run([addons_python, "-I", FOLDER / script, *arguments])

    return run


def _run(command):
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    result = subprocess.run(
        list(map(str, command)),
        env=environment,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    if result.returncode:
        pytest.fail(f"{command[0]}: {result.stderr[-3000:]}", pytrace=False)
    return result.stdout
