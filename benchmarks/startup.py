"""What a cold start costs: the imports, and `gocor-match` on one pair.

    python benchmarks/startup.py --output=docs/performance.md

Every run is a process of its own, the kinds in turn; medians and quartiles.
`--output` replaces what lies between the file's markers for the start.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from absl import flags  # noqa: E402

from benchmarks import flag_checks, report, stopwatch  # noqa: E402
from gocor_tf import progress  # noqa: E402
from gocor_tf.data import packaged_pair  # noqa: E402
from gocor_tf.trainers import command_line  # noqa: E402
from gocor_tf.trainers.evaluation import tables  # noqa: E402

MARKERS = "<!-- begin of the start -->", "<!-- end of the start -->"
PAIR = packaged_pair.REFERENCE, packaged_pair.QUERY
# Statement -> what it is called in the table.
STEPS = {
    "import keras": "Python, TensorFlow and Keras",
    "import gocor_tf": "`import gocor_tf`: networks",
    "from gocor_tf import Match, Matcher": "the matcher, with OpenCV",
    "matcher = Matcher()": "the network, its weights and its graph",
    "match = matcher(reference, query)": "optimising the graph, and the match",
    "match.save(folder)": "files and pictures",
}


def define_flags():
    """Defines the command's flags."""
    flags.DEFINE_integer("runs", 5, "Processes of each kind.")
    flags.DEFINE_string("output", None, "Markdown file to update.")


def time_steps(steps, folder):
    """Returns the seconds of each statement in a new process.

    Args:
        steps: list of statements; the first one's time holds Python's start.
        folder: for the match's files.
    """
    lines = [
        "import json, time",
        "times = []",
        f"reference, query = {PAIR!r}",
        f"folder = {str(folder)!r}",
    ]
    for step in steps:
        lines += [step, "times.append(time.time())"]
    lines += ["print(json.dumps(times))"]
    begin = time.time()
    result = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        capture_output=True,
        check=True,
        text=True,
        cwd=ROOT,
    )
    ends = json.loads(result.stdout.splitlines()[-1])
    return [
        end - start for start, end in zip([begin, *ends], ends, strict=False)
    ]


def time_command(folder):
    """Returns the seconds of `gocor-match` on the packaged pair."""
    command = [sys.executable, "-m", "gocor_tf.trainers.match", *PAIR]
    begin = time.perf_counter()
    subprocess.run(
        [*command, f"--output_dir={folder / 'command'}"],
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    return time.perf_counter() - begin


def measure(runs):
    """Returns what was measured, `stopwatch.Spread`s of seconds.

    Returns:
        Dict: each of `STEPS`, and "command".
    """
    times = {name: [] for name in (*STEPS, "command")}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        # The first of each fills the file system's cache.
        for run in progress.track(range(runs + 1), "starting"):
            seconds = time_steps(list(STEPS), folder / f"steps_{run}")
            found = dict(zip(STEPS, seconds, strict=True))
            found["command"] = time_command(folder)
            for key, value in found.items() if run else ():
                times[key].append(value)
    return {key: stopwatch.spread(values) for key, values in times.items()}


def format_table(spreads):
    """Returns the Markdown table."""
    rows = [["cold start, s", ""]]
    for step, title in {**STEPS, "command": "`gocor-match`, all of it"}.items():
        low, median, high, _ = spreads[step]
        rows.append([title, f"{median:.2f} ({low:.2f} to {high:.2f})"])
    return tables.to_markdown(rows)


def run(argv):
    """Measures and writes the table."""
    command_line.check_no_arguments(argv)
    arguments = flags.FLAGS
    if arguments.runs < 1:
        flag_checks.refuse("runs", "be a number > 0")
    flag_checks.writable([MARKERS])
    table = format_table(measure(arguments.runs))
    print(table)
    if arguments.output:
        report.replace_between_markers(arguments.output, table, MARKERS)


if __name__ == "__main__":
    command_line.run(run, define_flags)
