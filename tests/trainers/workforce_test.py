import importlib.util
import sys

import pytest
from absl import app

from gocor_tf.trainers.workforce import Workforce


@pytest.fixture
def without_beam(monkeypatch):
    """Hides Apache Beam, installed or not."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "apache_beam" else find_spec(name),
    )
    # Python's own mark of a module that cannot be imported.
    monkeypatch.setitem(sys.modules, "apache_beam", None)


def test_one_worker_does_all_tasks_in_order(tmp_path):
    created = []

    def create_worker():
        created.append(1)
        return lambda task: [task, 2 * task]

    results = Workforce("local").run(create_worker, [3, 1], tmp_path, "work")
    assert results == [[3, 6], [1, 2]]
    assert created == [1]
    assert list(tmp_path.iterdir()) == []


def test_no_tasks_need_no_worker(tmp_path):
    assert Workforce("local").run(None, [], tmp_path, "work") == []


@pytest.mark.usefixtures("without_beam")
def test_without_beam_this_process_works():
    assert Workforce().runner == "local"


@pytest.mark.usefixtures("without_beam")
@pytest.mark.parametrize(
    "arguments", [("DirectRunner",), (None, ["--direct_num_workers=2"])]
)
def test_without_beam_its_runners_are_wrong_usage(arguments):
    with pytest.raises(app.UsageError, match=r"pip install 'gocor_tf\[beam\]'"):
        Workforce(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("local", ["--direct_num_workers=2"]), "has no options"),
        (("DirectRunner", ["image.png"]), "must be --NAME=VALUE"),
    ],
)
def test_wrong_options(arguments, message):
    with pytest.raises(app.UsageError, match=message):
        Workforce(*arguments)
