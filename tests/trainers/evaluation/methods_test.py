import math
import types

import numpy as np
import pytest
from absl import app

from gocor_tf.match import Match
from gocor_tf.trainers import network_flags
from gocor_tf.trainers.evaluation import baselines, methods
from tests.trainers.evaluation.fake_pairs import IMAGE, SIZE, constant_flow

SOURCE = """
import numpy as np

def flow_alone(reference, query):
    return [[[1, 2]] * reference.shape[1]] * reference.shape[0]

def sure(reference, query):
    flow = np.full((*reference.shape[:2], 2), 3.0)
    return flow, np.ones(reference.shape[:2])

def wrong_flow(reference, query):
    return np.zeros((2, 3))

def wrong_confidence(reference, query):
    return np.zeros((*reference.shape[:2], 2)), np.zeros((2, 3))

def three(reference, query):
    return 1, 2, 3

def nothing(reference, query):
    pass

def broken(reference, query):
    raise KeyError("no weights")
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Returns the name of a module in the current folder."""
    name = "a_callers_matchers"
    (tmp_path / f"{name}.py").write_text(SOURCE)
    (tmp_path / "a_broken_module.py").write_text("raise RuntimeError('no GPU')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", list(methods.sys.path))
    return name


def _arguments(**values):
    defaults = {"preset": [], "weights": [], "mode": None, "baseline": []}
    defaults |= {"num_iterations": [], "batch_size": 1, "max_pixels": None}
    return types.SimpleNamespace(**defaults | values)


@pytest.fixture
def made(monkeypatch):
    """Returns what networks and matchers are made of, none of them made."""
    made = []
    monkeypatch.setattr(network_flags, "load_model", lambda *names: names)
    monkeypatch.setattr(
        methods,
        "Matcher",
        lambda *network, **options: made.append((*network, options)),
    )
    return made


def test_networks_come_with_their_weights(made):
    arguments = _arguments(
        preset=["a", "b"],
        weights=["random", "b.h5"],
        mode="direct",
        num_iterations=["3", "7"],
        baseline=["zero"],
    )
    assert list(methods.create(arguments)) == ["a", "b", "zero"]
    options = {
        "mode": "direct",
        "num_iterations": {"global": 3, "local": 7},
        "batch_size": 1,
        # No limit, as data sets are published.
        "max_pixels": math.inf,
    }
    assert made == [(("a", "random"), options), (("b", "b.h5"), options)]


def test_weights_of_the_package_are_the_default(made):
    methods.create(_arguments(preset=["a"]))
    options = {"mode": None, "num_iterations": None, "batch_size": 1}
    options["max_pixels"] = math.inf
    assert made == [(("a", None), options)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], None), (["5"], 5), (["0", "3"], {"global": 0, "local": 3})],
)
def test_iterations(values, expected):
    assert methods.read_iterations(values) == expected


@pytest.mark.parametrize("values", [["-1"], ["a"], ["1", "2", "3"], ["1.5"]])
def test_wrong_iterations(values):
    with pytest.raises(app.UsageError, match="`--num_iterations` must be N or"):
        methods.read_iterations(values)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "`--preset` or `--baseline` must name a matcher"),
        ({"preset": ["a", "a"]}, "each matcher once. Received twice: a$"),
        ({"preset": ["zero"], "baseline": ["zero"]}, "twice: zero$"),
        ({"preset": ["a"], "weights": ["b", "c"]}, "each of --preset.*2 and 1"),
        ({"baseline": ["raft"]}, "must be of zero, dis.*--baseline=raft"),
        ({"baseline": ["os:no_such"]}, "`--baseline=os:no_such` cannot be imp"),
        ({"baseline": ["no_such:a"]}, "cannot be imported: No module named"),
        ({"baseline": [":a"]}, "cannot be imported: Empty module name"),
    ],
)
def test_wrong_usage(made, arguments, message):
    with pytest.raises(app.UsageError, match=message):
        methods.create(_arguments(**arguments))
    assert made == []


def test_a_module_that_fails_is_wrong_usage(module):
    with pytest.raises(app.UsageError, match="cannot be imported: no GPU"):
        methods.find_baseline("a_broken_module:match")


def test_the_packages_own_baselines():
    assert methods.find_baseline("sift") is baselines.match_sift


def test_a_callers_function_may_return_a_flow(module):
    estimate = methods.find_baseline(f"{module}:flow_alone")(IMAGE, IMAGE)
    np.testing.assert_array_equal(estimate.flow, constant_flow(1, 2))
    assert estimate.flow.dtype == np.float32
    assert estimate.confidence is estimate.find_keypoints is None


def test_a_callers_function_may_return_a_confidence(module):
    estimate = methods.find_baseline(f"{module}:sure")(IMAGE, IMAGE)
    np.testing.assert_array_equal(estimate.flow, constant_flow(3, 3))
    np.testing.assert_array_equal(estimate.confidence, np.ones(SIZE))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("wrong_flow", r"flow must have shape \(8, 12, 2\). .*: \(2, 3\)"),
        ("wrong_confidence", r"confidence must have shape \(8, 12\). .*3\)"),
        ("three", "the baseline failed: .*too many values"),
        ("nothing", r"flow must have shape .*Received: \(\)"),
        ("broken", r"the baseline failed: KeyError\('no weights'\)"),
    ],
)
def test_a_callers_function_that_fails(module, function, message):
    match = methods.find_baseline(f"{module}:{function}")
    with pytest.raises(ValueError, match=message):
        match(IMAGE, IMAGE)


def test_a_networks_match_is_an_estimate():
    confidence = np.full(SIZE, 1 + 1e-6, np.float32)
    match = Match(IMAGE, IMAGE, constant_flow(1), confidence)
    estimate = methods.NetworkMethod(lambda *_: match)(IMAGE, IMAGE)
    np.testing.assert_array_equal(estimate.flow, match.flow)
    # Rounding errors are not beyond 1.
    np.testing.assert_array_equal(estimate.confidence, np.ones(SIZE))
    (other,) = methods.NetworkMethod(lambda *_: [match]).match_all(
        [IMAGE], [IMAGE]
    )
    np.testing.assert_array_equal(other.flow, match.flow)
    points, matches = estimate.find_keypoints()
    assert len(points) > 1
    np.testing.assert_array_equal(matches - points, [[1, 0]] * len(points))


def test_batches_need_the_direct_mode():
    with pytest.raises(app.UsageError, match="above 1 needs --mode=direct"):
        methods.create(_arguments(preset=["default"], batch_size=2))
