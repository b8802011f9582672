import json
import tracemalloc

import numpy as np
import pytest

from gocor_tf.data import flow_io
from gocor_tf.data.evaluation_sets.samples import make_sample
from gocor_tf.trainers.evaluation import (
    baselines,
    evaluate_lib,
    pair_journal,
    protocols,
    report,
)
from tests.trainers.evaluation.fake_pairs import (
    IMAGE,
    SIZE,
    Pairs,
    constant_flow,
    moves_by,
    moving_pairs,
    sample,
)

PAIRS = protocols.PAIRS
SKIP = evaluate_lib.Options(skip_bad=True)


@pytest.fixture
def open_journal(tmp_path):
    return lambda: pair_journal.PairJournal(tmp_path / "journal", {})


class Counting:
    """A method that counts its calls."""

    def __init__(self):
        self.num_calls = 0

    def __call__(self, reference, query):
        self.num_calls += 1
        return moves_by(0)(reference, query)


def _evaluate(pairs, method=None, **options):
    method = method or moves_by(0)
    return list(evaluate_lib.evaluate("a", method, pairs, PAIRS, **options))


def _without_seconds(records):
    return [{**record, "seconds": None} for record in records]


def test_each_pair_has_a_record():
    records = _evaluate(moving_pairs(a=1, b=2))
    assert [record["name"] for record in records] == ["a", "b"]
    assert [record["aepe"] for record in records] == [1, 2]
    assert all(record["seconds"] >= 0 for record in records)
    json.dumps(records, allow_nan=False)


def test_groups_are_means_over_pairs():
    totals = evaluate_lib.summarize(_evaluate(moving_pairs(a=1, b=4)), PAIRS)
    assert totals.groups()["g"]["aepe"] == pytest.approx(2.5)
    assert totals.num_skipped == 0


def test_only_the_first_pair_is_matched_twice():
    method = Counting()
    _evaluate(moving_pairs(a=1, b=2, c=3), method)
    assert method.num_calls == 4


def test_flow_is_saved(tmp_path):
    options = evaluate_lib.Options(flow_dir=tmp_path)
    _evaluate(moving_pairs(a=1, b=2), moves_by(4, 3), options=options)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.flo",
        "b.flo",
    ]
    flow = flow_io.read_flo(tmp_path / "b.flo")
    np.testing.assert_array_equal(flow, constant_flow(4, 3))


def test_an_evaluation_goes_on_where_it_was(open_journal):
    pairs = moving_pairs(a=1, b=2, c=3)
    records = evaluate_lib.evaluate(
        "a", moves_by(0), pairs, PAIRS, open_journal()
    )
    first = next(records)
    records.close()
    method = Counting()
    resumed = _evaluate(pairs, method, journal=open_journal())
    assert method.num_calls == 3
    assert resumed[0] == first
    whole = _evaluate(pairs)
    assert _without_seconds(resumed) == _without_seconds(whole)
    assert list(open_journal().records("a")) == resumed


def test_methods_do_not_share_records(open_journal):
    pairs = moving_pairs(a=1)
    _evaluate(pairs, journal=open_journal())
    (record,) = evaluate_lib.evaluate(
        "b", moves_by(1), pairs, PAIRS, open_journal()
    )
    assert record["aepe"] == 0


def test_the_journal_must_be_of_the_same_pairs(open_journal):
    _evaluate(moving_pairs(a=1, b=2), journal=open_journal())
    with pytest.raises(ValueError, match="with: 'a' there, 'b' here. Delete"):
        _evaluate(moving_pairs(b=2, a=1), journal=open_journal())


def test_a_bad_pair_ends_the_run():
    with pytest.raises(ValueError, match="^Row 3 of 'a.csv': gone$"):
        _evaluate(moving_pairs(a=1, b="Row 3 of 'a.csv': gone"))


@pytest.mark.parametrize(
    "lengths", [{"a": "gone", "b": 1}, {"b": 1, "a": "gone"}]
)
def test_bad_pairs_can_be_skipped(lengths, open_journal):
    records = _evaluate(
        moving_pairs(**lengths), options=SKIP, journal=open_journal()
    )
    assert {"name": "a", "error": "gone"} in records
    totals = evaluate_lib.summarize(records, PAIRS)
    assert totals.num_skipped == 1
    assert totals.all_pairs()["aepe"] == 1
    assert list(open_journal().records()) == records


def test_skipped_pairs_stay_skipped(open_journal):
    _evaluate(moving_pairs(a=1, b="gone"), options=SKIP, journal=open_journal())
    pairs = moving_pairs(a=1, b=2)
    records = _evaluate(pairs, options=SKIP, journal=open_journal())
    assert records[1] == {"name": "b", "error": "gone"}
    with pytest.raises(ValueError, match="^gone$"):
        _evaluate(pairs, journal=open_journal())


def test_if_all_are_bad_the_first_reason_is_told(open_journal):
    records = _evaluate(
        moving_pairs(a="gone", b="cut"), options=SKIP, journal=open_journal()
    )
    with pytest.raises(ValueError, match="No pair .* The first one: gone$"):
        evaluate_lib.summarize(records, PAIRS)
    # Once the files are there, the same command works.
    records = _evaluate(
        moving_pairs(a=1, b=2), options=SKIP, journal=open_journal()
    )
    assert evaluate_lib.summarize(records, PAIRS).num_skipped == 0


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (moves_by(np.nan), "^Pair 'a': `flow` must be finite numbers"),
        (moves_by(0, 0, 2.0), "^Pair 'a': `confidences` must be in"),
    ],
)
def test_a_pair_that_a_method_cannot_match_is_named(method, message):
    with pytest.raises(ValueError, match=message):
        _evaluate(moving_pairs(a=1), method)
    records = _evaluate(moving_pairs(a=1), method, options=SKIP)
    with pytest.raises(ValueError, match="No pair can be evaluated"):
        evaluate_lib.summarize(records, PAIRS)


def test_a_pair_that_opencv_cannot_match_is_named():
    image = np.zeros((8, 9, 3), np.uint8)
    pairs = Pairs({"a": make_sample("a", "g", image, image)})
    with pytest.raises(ValueError, match="^Pair 'a': The input image"):
        _evaluate(pairs, baselines.match_dis)


def test_other_errors_are_no_bad_pairs():
    def method(*_):
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        _evaluate(moving_pairs(a=1), method, options=SKIP)


class Names:
    """The names of any number of pairs."""

    def __getitem__(self, index):
        return str(index)


class ManyPairs:
    """Pairs of keypoints that are made when they are asked for."""

    names = Names()

    def __init__(self, number):
        self._number = number

    def __len__(self):
        return self._number

    def __getitem__(self, index):
        points = np.array([[1.0, 2], [3, 4], [5, 6]])
        flow = np.full((3, 2), index % 7)
        return sample(self.names[index], points=points, flow=flow)


def _peak_of_many(number, folder):
    """Evaluates and reports so many pairs; returns the peak in bytes."""
    pairs = ManyPairs(number)
    protocol = protocols.find("megadepth")
    tracemalloc.start()
    journal = pair_journal.PairJournal(folder / f"{number}.partial", {})
    records = evaluate_lib.evaluate("a", moves_by(0), pairs, protocol, journal)
    totals = evaluate_lib.summarize(records, protocol)
    results = {
        "a": report.Results(lambda: journal.records("a"), totals, "preset")
    }
    report.write_json(folder / f"{number}.json", {}, results, protocol)
    report.write_csv(folder / f"{number}.csv", results, protocol)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert totals.all_pairs()["num_pairs"] == number
    return peak


@pytest.mark.parametrize(
    ("few", "many"),
    [(200, 2000), pytest.param(2000, 20000, marks=pytest.mark.slow)],
)
def test_memory_does_not_grow_with_the_pairs(few, many, tmp_path):
    _peak_of_many(10, tmp_path)  # What is made once does not count.
    growth = _peak_of_many(many, tmp_path) - _peak_of_many(few, tmp_path)
    assert growth < 100_000


class Batching:
    """A method that counts the pairs of its calls; a white image fails."""

    def __init__(self):
        self.numbers = []

    def __call__(self, reference, query):
        raise NotImplementedError

    def match_all(self, references, queries):
        self.numbers.append(len(references))
        if any(query.any() for query in queries):
            raise ValueError("too bright")
        return list(map(moves_by(0), references, queries))


def test_batches_give_the_records_of_single_pairs():
    lengths = {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}
    method = Batching()
    records = _evaluate(
        moving_pairs(**lengths),
        method,
        options=evaluate_lib.Options(batch_size=2),
    )
    expected = _evaluate(moving_pairs(**lengths))
    assert _without_seconds(records) == _without_seconds(expected)
    # The first batch twice: its time shall not be that of compiling.
    assert method.numbers == [2, 2, 2, 1]


def test_the_bad_pair_of_a_batch_is_found():
    white = np.full((*SIZE, 3), 255, np.uint8)
    pairs = Pairs(
        {
            "a": sample("a", flow=constant_flow(1)),
            "b": make_sample("b", "g", IMAGE, white, flow=constant_flow(1)),
            "c": "row 3: no image",
            "d": sample("d", flow=constant_flow(2)),
        }
    )
    method = Batching()
    options = evaluate_lib.Options(skip_bad=True, batch_size=4)
    records = _evaluate(pairs, method, options=options)
    assert [r.get("error", r.get("aepe")) for r in records] == [
        1,
        "Pair 'b': too bright",
        "row 3: no image",
        2,
    ]
    with pytest.raises(ValueError, match="^Pair 'b': too bright"):
        _evaluate(pairs, method, options=evaluate_lib.Options(batch_size=2))
