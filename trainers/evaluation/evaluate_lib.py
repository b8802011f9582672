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
    """

    flow_dir: str | None = None
    skip_bad: bool = False


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
    timed = _time(method)
    waiting, has_worked = [], False
    for index in progress.track(range(len(pairs)), name):
        record = next(kept, None)
        if record is not None:
            _check_kept(record, pairs.names[index], journal, options)
            has_worked = True
        else:
            record = _evaluate_pair(timed, pairs, index, protocol, options)
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


def _time(method):
    """Returns the method as a function that returns its seconds as well."""
    is_compiled = False

    def timed(*images):
        nonlocal is_compiled
        if not is_compiled:
            method(*images)
            is_compiled = True
        start = time.perf_counter()
        estimate = method(*images)
        return estimate, time.perf_counter() - start

    return timed


def _check_kept(record, name, journal, options):
    if record["name"] != name:
        raise ValueError(
            f"'{journal.path}' must hold the pairs of this evaluation, to go "
            f"on with: '{record['name']}' there, '{name}' here. Delete it, or "
            "choose another --output."
        )
    if "error" in record and not options.skip_bad:
        raise ValueError(record["error"])


def _evaluate_pair(timed, pairs, index, protocol, options):
    name = pairs.names[index]
    try:
        sample = pairs[index]
        try:
            estimate, seconds = timed(sample["reference"], sample["query"])
            record = scoring.score(sample, estimate, protocol)
        except (ValueError, cv2.error) as error:
            reason = getattr(error, "err", error)
            raise ValueError(f"Pair '{name}': {reason}") from error
    except ValueError as error:
        if not options.skip_bad:
            raise
        return {"name": name, "error": str(error)}
    if options.flow_dir is not None:
        path = os.path.join(options.flow_dir, f"{name}.flo")
        flow_io.write_flo(path, estimate.flow)
    return pair_journal.to_json({**record, "seconds": seconds})
