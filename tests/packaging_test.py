"""The package as users install it, and the README as they read it."""

import importlib.metadata
import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parents[1]
# Each command and a flag of its own.
COMMANDS = {
    "gocor-client": "--server",
    "gocor-convert": "--checkpoint",
    "gocor-demo": "--port",
    "gocor-evaluate": "--pairs",
    "gocor-export": "--preset",
    "gocor-match": "--video",
    "gocor-train": "--config",
}
SOURCES = ["gocor_tf", "trainers", "export"]
SOURCES += ["setup.py", "pyproject.toml", "README.md", "LICENSE"]


def run(*command, **environment):
    result = subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Builds a wheel from a copy, so that the checkout stays clean."""
    copy = tmp_path_factory.mktemp("copy")
    for name in SOURCES:
        copy_item = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy_item(ROOT / name, copy / name)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    folder = tmp_path_factory.mktemp("wheel")
    run(*pip, "--no-build-isolation", f"--wheel-dir={folder}", str(copy))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Installs the wheel, without its requirements, into a folder."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    run(*pip, f"--target={folder}", str(wheel))
    return folder


def test_each_command_has_a_main():
    scripts = importlib.metadata.entry_points(group="console_scripts")
    own = {s.name: s for s in scripts if s.name.startswith("gocor-")}
    assert sorted(own) == sorted(COMMANDS)
    for script in own.values():
        assert callable(script.load())


def test_serving_is_there_and_needs_its_extra_only_for_a_server():
    code = "import sys, gocor_tf; gocor_tf.serving.Client; "
    code += "print(sys.modules.keys() & {'grpc', 'tensorflow_serving'})"
    assert run(sys.executable, "-c", code).strip() == "set()"


def test_readme_links_lead_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([\w./-]+)\)", text)
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


@pytest.mark.slow
def test_wheel_holds_the_package_and_nothing_beside_it(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    top_level = {name.partition("/")[0] for name in names}
    assert {n for n in top_level if not n.endswith(".dist-info")} == {
        "gocor_tf"
    }
    packaged = {path for path in names if path.startswith("gocor_tf/")}
    modules = {
        f"gocor_tf/{prefix}{path.relative_to(ROOT / folder).as_posix()}"
        for folder, prefix in (
            ("gocor_tf", ""),
            ("trainers", "trainers/"),
            ("export", "export/"),
        )
        for path in (ROOT / folder).rglob("*.py")
    }
    assert modules <= packaged
    for folder, data in (
        ("weights", ROOT / "gocor_tf" / "weights"),
        ("demo_pair", ROOT / "gocor_tf" / "demo_pair"),
        ("export/serving_templates", ROOT / "export" / "serving_templates"),
    ):
        names = {f"gocor_tf/{folder}/{path.name}" for path in data.iterdir()}
        assert names and names <= packaged


@pytest.mark.slow
@pytest.mark.parametrize("command, flag", COMMANDS.items())
def test_installed_command_shows_its_flags(installed, command, flag):
    script = installed / "bin" / command
    environment = {"PYTHONPATH": str(installed)}
    assert f"  {flag}:" in run(sys.executable, script, "--help", **environment)


@pytest.mark.slow
def test_installed_package_is_not_the_checkout(installed):
    code = "import gocor_tf; print(gocor_tf.__file__)"
    found = run(*(sys.executable, "-P", "-c", code), PYTHONPATH=str(installed))
    assert found.strip() == str(installed / "gocor_tf" / "__init__.py")
