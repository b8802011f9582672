import csv
import json
import os
import shutil

import cv2
import numpy as np
import pytest
from absl import app

from gocor_tf.data import flow_io
from gocor_tf.matcher import Matcher
from gocor_tf.trainers import match, match_pairs, network_flags
from gocor_tf.trainers.workforce import Workforce, read_lines

SETTINGS = match_pairs.MatcherSettings("default", None, None, "direct")
PAIR = {"name": "first", "reference": "0.png", "query": "1.png"}
BROKEN = {"name": "pair-0000002", "reference": "0.png", "query": "broken.jpg"}


@pytest.fixture
def pairs(image_dir):
    """Returns a list of three pairs, of which one is broken."""
    (image_dir / "broken.jpg").write_bytes(b"\xff\xd8 nothing")
    path = image_dir / "pairs.csv"
    path.write_text(
        "reference,query,name\n0.png,1.png,first\n0.png,broken.jpg,\n"
        "1.png,2.png,third\n"
    )
    return path


@pytest.fixture(scope="module")
def matcher(small_network):
    return Matcher(small_network, mode="direct")


@pytest.fixture
def match_list(monkeypatch, matcher, tmp_path):
    """Returns a function that matches a list with a small network."""
    monkeypatch.setattr(
        match_pairs.MatcherSettings,
        "create_matcher",
        lambda settings: matcher,
    )

    def run(pairs, settings=SETTINGS):
        folder = tmp_path / "out"
        folder.mkdir(exist_ok=True)
        match_pairs.match_list(pairs, folder, settings, Workforce("local"))
        return folder

    return run


def test_a_broken_pair_does_not_stop_the_others(match_list, pairs):
    folder = match_list(pairs)
    (rejected,) = read_lines(folder / "rejected.jsonl")
    assert {**rejected, **BROKEN} == rejected
    assert "cut short or damaged" in rejected["reason"]
    first, third = read_lines(folder / "results.jsonl")
    assert (first["name"], third["name"]) == ("first", "third")
    assert list(first)[3:] == ["seconds", "mean_confidence", "confident_share"]
    assert sorted(os.listdir(folder)) == [
        "first.confidence.png",
        "first.flo",
        "first.json",
        "first.matches.csv",
        "rejected.jsonl",
        "results.jsonl",
        "settings.json",
        "third.confidence.png",
        "third.flo",
        "third.json",
        "third.matches.csv",
    ]


def test_files_hold_the_match(match_list, pairs, image_dir, matcher):
    folder = match_list(pairs)
    expected = matcher(image_dir / "0.png", image_dir / "1.png")
    flow = flow_io.read_flo(folder / "first.flo")
    np.testing.assert_array_equal(flow, expected.flow)
    confidence = cv2.imread(str(folder / "first.confidence.png"), -1)
    np.testing.assert_array_equal(
        confidence, np.rint(255 * expected.confidence)
    )
    expected.save(folder / "saved")
    for path in ("first.matches.csv", "saved/matches.csv"):
        header, *rows = csv.reader((folder / path).read_text().splitlines())
        assert header == list(match_pairs.COLUMNS)
        assert len(rows) == len(expected.keypoints()[0])


def test_finished_pairs_are_not_matched_again(match_list, pairs, image_dir):
    folder = match_list(pairs)
    shutil.copy(image_dir / "0.png", image_dir / "broken.jpg")
    before = (folder / "first.flo").stat().st_mtime_ns
    results = read_lines(folder / "results.jsonl")
    match_list(pairs)
    assert (folder / "first.flo").stat().st_mtime_ns == before
    first, second, third = read_lines(folder / "results.jsonl")
    assert [first, third] == results
    assert second["name"] == BROKEN["name"]
    assert read_lines(folder / "rejected.jsonl") == []


def test_a_name_of_another_pair_is_matched_again(match_list, pairs, image_dir):
    folder = match_list(pairs)
    pairs.write_text("reference,query,name\n0.png,2.png,first\n")
    match_list(pairs)
    assert json.loads((folder / "first.json").read_text())["query"] == "2.png"


def test_other_settings_need_another_folder(match_list, pairs):
    match_list(pairs)
    other = match_pairs.MatcherSettings("default", None, (64, 64), "direct")
    with pytest.raises(ValueError, match=r"new folder.*\[64, 64\]"):
        match_list(pairs, other)


def test_no_pair_at_all(match_list, pairs):
    pairs.write_text("reference,query\n0.png,missing.png\n")
    with pytest.raises(ValueError, match="Cannot match any pair.*missing.png"):
        match_list(pairs)


def test_a_list_in_json(tmp_path):
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps([{**PAIR, "group": "a", "gt_type": "none"}]))
    assert match_pairs.read_list(path) == [PAIR]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", None, "Cannot read pairs .*No such file"),
        ("a.json", "[", "Cannot read pairs"),
        ("a.json", "{}", "must list at least one pair"),
        ("a.json", "[1]", "Pair number 1 must be a JSON object"),
        ("a.csv", "reference,query\n", "must list at least one pair"),
        ("a.csv", "a,b\n1,2\n", "must have the text `reference`"),
        ("a.csv", "reference,query\n1\n", "must have the text `query`"),
        ("a.csv", "reference,query,name\n1,2,a/b\n", "has no slashes"),
        ("a.csv", "reference,query,name\n1,2,.a\n", "starts no hidden"),
        ("a.csv", "reference,query,name\n1,2,a\n3,4,a\n", "listed twice"),
    ],
)
def test_lists_that_cannot_be_read(tmp_path, name, text, message):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        match_pairs.read_list(tmp_path / name)


@pytest.mark.slow
def test_random_weights_are_the_same_everywhere():
    settings = match_pairs.MatcherSettings("default", "random", None, "direct")
    one, other = (settings.create_matcher().model for _ in range(2))
    for array, same in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(array, same)


def test_the_command(match_list, pairs, run_command, monkeypatch, tmp_path):
    monkeypatch.setattr(network_flags, "load_model", lambda *_: None)
    arguments = ["--pairs", pairs, "--output_dir", tmp_path / "new"]
    output = run_command(
        match.match, match.define_flags, *arguments, "--runner=local"
    )
    assert "2 pairs in" in output and "1 in rejected.jsonl" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pairs=a", "--video=b"], "either --pairs or --video"),
        (["--runner=local"], "`--runner` goes with --pairs"),
        (["--pairs=a", "image"], "options of Beam must be --NAME=VALUE"),
    ],
)
def test_wrong_usage(run_command, arguments, message):
    with pytest.raises(app.UsageError, match=message):
        run_command(match.match, match.define_flags, *arguments)
