"""Matches a list of pairs, each into files of its own.

The list is a CSV file with the columns `reference`, `query` and, if wished,
`name`, or a `pairs.json` (see `gocor_tf.data.evaluation_pairs`; ground truth is
not looked at). Paths are relative to the list's folder. Rows without a name
are called `pair-` and their number, from 1.

A pair gets `NAME.flo`, the flow; `NAME.confidence.png`, grey, 255 is 1;
`NAME.matches.csv`, the keypoints; and `NAME.json`, its row of `results.jsonl`,
which is written last: pairs that have one are not matched again.
"""

import csv
import dataclasses
import functools
import json
import os
import pathlib
import time

import keras
import numpy as np
from absl import flags

from gocor_tf import models
from gocor_tf.data import atomic, flow_io, pictures
from gocor_tf.match import COLUMNS
from gocor_tf.matcher import Matcher

from . import network_flags, output_folder, report, workforce

RESULTS = "results.jsonl"
REJECTED = "rejected.jsonl"
_SETTINGS = "settings.json"
_CONFIDENT = 0.5


@dataclasses.dataclass(frozen=True)
class MatcherSettings:
    """How each worker makes its `Matcher`.

    Attributes:
        preset: name of the network.
        weights: file of the preset, "random", or None: the embedded ones.
        size: `(height, width)` to work at, or None.
        mode: passes over a pair, or None: the network's own.
        max_pixels: see `Matcher`.
    """

    preset: str
    weights: str | None
    size: tuple[int, int] | None
    mode: str | None
    max_pixels: int | None = None

    def create_matcher(self):
        """Returns the matcher; random weights are always the same."""
        keras.utils.set_random_seed(0)
        weights = {None: "preset", "random": None}.get(
            self.weights, self.weights
        )
        model = models.load_model(self.preset, weights=weights)
        return Matcher(model, self.size, self.mode, max_pixels=self.max_pixels)


def match_from_flags(size, workers):
    """Matches as the flags of `gocor-match` say.

    Args:
        size: `(height, width)` to work at, or None.
        workers: `Workforce`.

    Returns:
        A line about the outcome.
    """
    arguments = flags.FLAGS
    output_folder.create(arguments.output_dir, "output_dir")
    # Workers have no flags: wrong ones are found here.
    network_flags.load_model(arguments.preset, arguments.weights)
    return match_list(
        arguments.pairs,
        arguments.output_dir,
        MatcherSettings(
            arguments.preset,
            arguments.weights,
            size,
            arguments.mode,
            arguments.max_pixels,
        ),
        workers,
    )


def match_list(path, output_dir, matcher_settings, workers):
    """Matches every pair of a list that is not matched yet.

    Args:
        path: of the list.
        output_dir: folder that exists. Pairs matched before are kept.
        matcher_settings: `MatcherSettings`.
        workers: `Workforce`, whose processes all reach the folder and the
            photographs under these names.

    Returns:
        A line about the outcome.

    Raises:
        ValueError: if the list cannot be read, the folder holds matches of
            other settings, or no pair can be matched.
        OSError: if a file cannot be written.
    """
    pairs = read_list(path)
    output_dir = pathlib.Path(output_dir)
    _check_settings(matcher_settings, output_dir)
    worker = functools.partial(
        MatchWorker,
        matcher_settings.create_matcher,
        os.path.dirname(os.path.abspath(path)),
        str(output_dir),
    )
    rows = workers.run(worker, pairs, output_dir, "matching")
    rejected = [row for row in rows if "reason" in row]
    matched = [row for row in rows if "reason" not in row]
    for name, part in ((RESULTS, matched), (REJECTED, rejected)):
        with atomic.atomic_path(output_dir / name) as temporary:
            workforce.write_lines(temporary, part)
    if not matched:
        raise ValueError(
            f"Cannot match any pair, see {output_dir / REJECTED}: "
            f"{rejected[0]['reason']}"
        )
    return (
        f"{len(matched)} pairs in {output_dir}, see {RESULTS}; "
        f"{len(rejected)} in {REJECTED}"
    )


class MatchWorker:
    """Matches pairs, one after the other.

    Args:
        create_matcher: function without arguments that returns a `Matcher`.
        folder: that the pairs' paths are relative to.
        output_dir: folder to write to.
    """

    def __init__(self, create_matcher, folder, output_dir):
        self._matcher = create_matcher()
        self._folder = folder
        self._output_dir = output_dir

    def __call__(self, pair):
        """Matches a pair, unless it is.

        Args:
            pair: one of `read_list`.

        Returns:
            Its row of `results.jsonl` or `rejected.jsonl`.
        """
        return self._find(pair) or self._match(pair)

    def _find(self, pair):
        """Returns the row of a pair that was matched before, or None."""
        try:
            with open(self._path(pair, "json"), encoding="utf-8") as file:
                row = json.load(file)
        except FileNotFoundError:
            return None
        # The list may be another one by now.
        return row if {**row, **pair} == row else None

    def _match(self, pair):
        start = time.perf_counter()
        try:
            match = self._matcher(
                *(
                    os.path.join(self._folder, pair[role])
                    for role in ("reference", "query")
                )
            )
        except Exception as error:
            # Whatever it is, and a huge photograph can have many effects, it
            # must not stop the others.
            reason = str(error) or type(error).__name__
            return {**pair, "reason": " ".join(reason.split())}
        seconds = time.perf_counter() - start
        self._save(pair, match)
        row = {
            **pair,
            "seconds": seconds,
            "mean_confidence": float(np.mean(match.confidence)),
            "confident_share": float(np.mean(match.confidence >= _CONFIDENT)),
        }
        report.save(self._path(pair, "json"), row)
        return row

    def _save(self, pair, match):
        confidence = np.rint(255 * match.confidence).astype(np.uint8)
        flow_io.write_flo(self._path(pair, "flo"), match.flow)
        pictures.write_png(self._path(pair, "confidence.png"), confidence)
        with atomic.atomic_path(self._path(pair, "matches.csv")) as temporary:
            np.savetxt(
                temporary,
                np.column_stack(match.keypoints()),
                fmt="%.3f",
                delimiter=",",
                header=",".join(COLUMNS),
                comments="",
            )

    def _path(self, pair, ending):
        return os.path.join(self._output_dir, f"{pair['name']}.{ending}")


def read_list(path):
    """Reads a list of pairs.

    Whether the photographs are there is not looked at.

    Args:
        path: name of a CSV file or a `pairs.json`.

    Returns:
        List of dicts with the texts `name`, `reference` and `query`.

    Raises:
        ValueError: if it is no such list or, naming the pair, if a field is
            missing or a name cannot be that of a file.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            is_json = str(path).lower().endswith(".json")
            rows = json.load(file) if is_json else list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"Cannot read pairs '{path}': {reason}.") from error
    if not isinstance(rows, list) or not rows:
        raise ValueError(
            f"Cannot read pairs '{path}': it must list at least one pair, "
            "under the columns 'reference,query' or 'reference,query,name'."
        )
    pairs = [_to_pair(row, number) for number, row in enumerate(rows, start=1)]
    names = set()
    for pair in pairs:
        if pair["name"] in names:
            raise ValueError(
                f"Pair '{pair['name']}' is listed twice in '{path}'."
            )
        names.add(pair["name"])
    return pairs


def _to_pair(row, number):
    if not isinstance(row, dict):
        raise ValueError(
            f"Pair number {number} must be a JSON object. Received: {row!r}"
        )
    pair = {
        "name": row.get("name") or f"pair-{number:07d}",
        "reference": row.get("reference"),
        "query": row.get("query"),
    }
    for field, text in pair.items():
        if not isinstance(text, str) or not text:
            raise ValueError(
                f"Pair number {number} must have the text `{field}`. "
                f"Received: {field}={text!r}"
            )
    name = pair["name"]
    if name.startswith(".") or not name.isprintable() or {*name} & {*"/\\"}:
        raise ValueError(
            f"Pair number {number} must have a `name` that starts no hidden "
            f"file and has no slashes. Received: name={name!r}"
        )
    return pair


def _check_settings(matcher_settings, output_dir):
    """Checks that matches in the folder are of the same settings."""
    path = output_dir / _SETTINGS
    wanted = dataclasses.asdict(matcher_settings)
    wanted = json.loads(json.dumps(wanted))
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found != wanted:
            raise ValueError(
                "`--output_dir` must be a new folder, or hold matches of the "
                f"same settings, {wanted}. Received: --output_dir={output_dir}"
                f" with {found}"
            )
    report.save(path, wanted)
