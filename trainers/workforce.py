"""Who does the tasks of a long job: this process, or Apache Beam's workers.

A job is a list of tasks that do not depend on each other. A task leaves its
files under their final names only when they are complete, and is not done
again by a later run that finds them. So a job that was stopped goes on where
it was, and its files are the same whoever does it.
"""

import importlib.util
import json
import pathlib
import shutil
import tempfile

from absl import app, flags

from gocor_tf import progress

from . import command_line

LOCAL = "local"
_DIRECT = "DirectRunner"


def define_flag():
    """Defines `--runner`."""
    flags.DEFINE_string(
        "runner",
        None,
        f"Who does the work: '{LOCAL}', this process alone, or a runner of "
        f"Apache Beam, whose own options follow --. Default: {_DIRECT} where "
        f"apache-beam is installed, else {LOCAL}.",
    )


class Workforce:
    """One process, or the workers of a Beam runner.

    Args:
        runner: "local", the name of a Beam runner, or None: see `--runner`.
        beam_options: command-line options of Beam, such as
            `["--direct_num_workers=2"]`.

    Raises:
        UsageError: if Beam is needed and not installed, or does not know the
            runner or an option.
    """

    def __init__(self, runner=None, beam_options=()):
        for option in beam_options:
            if not option.startswith("--"):
                raise app.UsageError(
                    "options of Beam must be --NAME=VALUE, after --. "
                    f"Received: {option}"
                )
        if runner is None:
            installed = importlib.util.find_spec("apache_beam") is not None
            runner = _DIRECT if installed or beam_options else LOCAL
        if runner == LOCAL and beam_options:
            raise app.UsageError(
                f"`--runner={LOCAL}` has no options. "
                f"Received: {' '.join(beam_options)}"
            )
        self.runner = runner
        self._pipeline = None
        if runner != LOCAL:
            command_line.import_extra("apache_beam", "beam")
            from . import beam_pipeline

            self._pipeline = beam_pipeline.BeamPipeline(runner, beam_options)

    def run(self, create_worker, tasks, folder, label):
        """Does all tasks.

        Args:
            create_worker: function without arguments that returns a worker, a
                function of a task; called once in each process. Beam pickles
                it.
            tasks: list of what JSON can hold.
            folder: of this job alone, which all workers can read and write;
                tasks and results pass through it.
            label: of the progress line.

        Returns:
            A list of what the worker returned, in the order of the tasks;
            JSON must be able to hold it.
        """
        if not tasks:
            return []
        if self._pipeline is None:
            worker = create_worker()
            return [worker(task) for task in progress.track(tasks, label)]
        for left_by_a_killed_run in pathlib.Path(folder).glob(".beam-*"):
            shutil.rmtree(left_by_a_killed_run)
        with tempfile.TemporaryDirectory(prefix=".beam-", dir=folder) as name:
            return self._run_pipeline(create_worker, tasks, pathlib.Path(name))

    def _run_pipeline(self, create_worker, tasks, folder):
        write_lines(folder / "tasks", enumerate(tasks))
        self._pipeline.run(
            create_worker, str(folder / "tasks"), str(folder / "results")
        )
        results = dict(read_lines(folder / "results"))
        return [results[number] for number in range(len(tasks))]


def write_lines(path, rows):
    """Writes one JSON value a line."""
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def read_lines(path):
    """Returns the values that `write_lines` wrote."""
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]
