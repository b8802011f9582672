"""Runs a method over an evaluation set, pair by pair."""

import dataclasses
import os
import time

import cv2

from gocor_tf import progress
from gocor_tf.data import flow_io

from . import pair_journal, scoring, totals


@dataclasses.dataclass(frozen=True)
class Options:
    """What a run does besides scoring.

    Attributes:
        flow_dir: folder for one `<name>.flo` a pair, or None.
        skip_bad: whether a pair that cannot be read, matched or scored is
            left out; else it ends the run.
        batch_size: successive pairs that are given to a network together.
    """

    flow_dir: str | None = None
    skip_bad: bool = False
    batch_size: int = 1


def evaluate(name, method, pairs, protocol, journal=None, options=None):
    """Scores a method on every pair that the journal does not have yet.

    The first pair is matched twice, so that no `seconds` holds the time of
    compiling the network. Skipped pairs get into the journal once another
    has worked: if none does, the next run tries them all again.

    Args:
        name: of the method.
        method: function of two uint8 RGB images, reference first, that
            returns an `Estimate`.
        pairs: evaluation set, see `gocor_tf.data.evaluation_sets`.
        protocol: `Protocol`.
        journal: `PairJournal`; None: nothing is kept.
        options: `Options`; None: the default.

    Yields:
        A record for each pair, in order.

    Raises:
        ValueError: naming the pair, or file and row, if a pair cannot be read,
            matched or scored; or if the journal is of other pairs.
    """
    journal = journal or pair_journal.PairJournal(None, {})
    options = options or Options()
    kept = journal.records(name)
    fresh, waiting, has_worked = None, [], False
    for index in progress.track(range(len(pairs)), name):
        record = next(kept, None)
        if record is not None:
            _check_kept(record, pairs.names[index], journal, options)
            has_worked = True
        else:
            fresh = fresh or _evaluate_from(
                index, _time(method, options), pairs, protocol, options
            )
            record = next(fresh)
            waiting.append(record)
            has_worked = has_worked or "error" not in record
        while has_worked and waiting:
            journal.append(name, waiting.pop(0))
        yield record


def summarize(records, protocol):
    """Adds up records.

    Args:
        records: of one method.
        protocol: `Protocol`.

    Returns:
        `Totals`.

    Raises:
        ValueError: if every pair was skipped; the message has the first
            reason.
    """
    result, reason = totals.Totals(protocol), None
    for record in records:
        reason = reason or record.get("error")
        result.update(record)
    if reason and not result.all_pairs()["num_pairs"]:
        raise ValueError(f"No pair can be evaluated. The first one: {reason}")
    return result


def _time(method, options):
    """Returns the method as a function of lists that also returns seconds."""
    is_compiled = False
    match_all = getattr(method, "match_all", None)
    if options.batch_size == 1 or match_all is None:

        def match_all(references, queries):
            return list(map(method, references, queries))

    def timed(*images):
        nonlocal is_compiled
        if not is_compiled:
            match_all(*images)
            is_compiled = True
        start = time.perf_counter()
        estimates = match_all(*images)
        seconds = (time.perf_counter() - start) / len(estimates)
        return [(estimate, seconds) for estimate in estimates]

    return timed


def _evaluate_from(start, timed, pairs, protocol, options):
    """Yields the records of all pairs from a place on."""
    step = options.batch_size
    for first in range(start, len(pairs), step):
        batch = [
            _read(pairs, index, options)
            for index in range(first, min(first + step, len(pairs)))
        ]
        answers = iter(_match(timed, [s for s in batch if "error" not in s]))
        for place, sample in enumerate(batch):
            name = pairs.names[first + place]
            if "error" not in sample:
                sample = _score(name, sample, next(answers), protocol, options)
            yield sample


def _read(pairs, index, options):
    """Returns a sample, or the record of one that cannot be read."""
    try:
        return pairs[index]
    except ValueError as error:
        if not options.skip_bad:
            raise
        return {"name": pairs.names[index], "error": str(error)}


def _match(timed, samples):
    """Returns estimate and seconds, or an error, for each sample."""
    if not samples:
        return []
    images = [[s[role] for s in samples] for role in ("reference", "query")]
    try:
        return timed(*images)
    except (ValueError, cv2.error) as error:
        if len(samples) == 1:
            return [error]
        # One of them is bad: which one?
        return [answer for s in samples for answer in _match(timed, [s])]


def _score(name, sample, answer, protocol, options):
    """Returns the record of a pair."""
    try:
        if isinstance(answer, Exception):
            raise answer
        estimate, seconds = answer
        record = scoring.score(sample, estimate, protocol)
    except (ValueError, cv2.error) as error:
        message = f"Pair '{name}': {getattr(error, 'err', error)}"
        if not options.skip_bad:
            raise ValueError(message) from error
        return {"name": name, "error": message}
    if options.flow_dir is not None:
        path = os.path.join(options.flow_dir, f"{name}.flo")
        flow_io.write_flo(path, estimate.flow)
    return pair_journal.to_json({**record, "seconds": seconds})


def _check_kept(record, name, journal, options):
    if record["name"] != name:
        raise ValueError(
            f"'{journal.path}' must hold the pairs of this evaluation, to go "
            f"on with: '{record['name']}' there, '{name}' here. Delete it, or "
            "choose another --output."
        )
    if "error" in record and not options.skip_bad:
        raise ValueError(record["error"])
