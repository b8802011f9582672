import sys

import pytest
from absl import app, flags

from gocor_tf.trainers import command_line

pytestmark = pytest.mark.usefixtures("forget_flags")


def _run(monkeypatch, capsys, arguments=(), error=None):
    """Runs a command that may raise; returns status, stdout and stderr."""

    def cats(argv):
        if error is not None:
            raise error
        print(argv[1:], flags.FLAGS.number_of_cats)

    def define_flags():
        flags.DEFINE_integer("number_of_cats", 3, "How many cats.")

    monkeypatch.setattr(sys, "argv", ["/bin/gocor-cats", *arguments])
    with pytest.raises(SystemExit) as ended:
        command_line.run(cats, define_flags)
    return (ended.value.code or 0, *capsys.readouterr())


def test_success_is_status_0(monkeypatch, capsys):
    status, out, _ = _run(monkeypatch, capsys, ["a", "--number_of_cats=4"])
    assert (status, out) == (0, "['a'] 4\n")


@pytest.mark.parametrize(
    "argument", ["--number_of_dogs=1", "--number_of_cats=few"]
)
def test_wrong_flag_is_status_2_and_one_line(monkeypatch, capsys, argument):
    status, out, err = _run(monkeypatch, capsys, [argument])
    assert (status, out) == (2, "")
    assert err.startswith("gocor-cats: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (app.UsageError("give two cats"), 2, "give two cats"),
        (ValueError("`a` must be\n  b."), 1, "`a` must be b."),
        (RuntimeError("broken"), 1, "RuntimeError: broken"),
        (KeyboardInterrupt(), 1, "interrupted"),
    ],
)
def test_error_is_one_line(monkeypatch, capsys, error, status, line):
    result = _run(monkeypatch, capsys, error=error)
    assert result == (status, "", f"gocor-cats: {line}\n")


@pytest.mark.parametrize("flag", [["--verbosity=1"], ["-v", "1"]])
def test_verbosity_adds_the_traceback(monkeypatch, capsys, flag):
    _, _, err = _run(monkeypatch, capsys, flag, error=ValueError("bad"))
    assert err.startswith("Traceback")
    assert err.endswith("gocor-cats: bad\n")


def test_missing_extra_is_a_pip_line():
    with pytest.raises(app.UsageError, match=r"pip install 'gocor_tf\[demo\]'"):
        command_line.import_extra("no_such_package.part", "demo")


def test_arguments_that_are_no_flags_are_refused():
    command_line.check_no_arguments(["gocor-train"])
    with pytest.raises(app.UsageError, match="must be flags"):
        command_line.check_no_arguments(["gocor-train", "workdir"])
