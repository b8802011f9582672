"""Tasks as an Apache Beam pipeline; needs the extra `beam`."""

import json
import logging

import apache_beam as beam
from absl import app
from apache_beam.options import pipeline_options
from apache_beam.runners import runner as beam_runners
from apache_beam.utils import shared

# Beam's own DirectRunner first tries to download another runner, which then
# knows nothing of --direct_num_workers; this is the one it falls back to.
_RUNNERS = {
    "directrunner": "apache_beam.runners.portability.fn_api_runner.FnApiRunner"
}


class BeamPipeline:
    """Runs tasks on the workers of a runner.

    Args:
        runner: its name.
        options: of Beam, as on a command line.

    Raises:
        UsageError: if Beam does not know the runner or an option.
    """

    def __init__(self, runner, options):
        # Beam tells much that only its developers need.
        logging.getLogger("apache_beam").setLevel(logging.WARNING)
        try:
            self._options = pipeline_options.PipelineOptions(
                ["--default_sdk_harness_log_level=WARNING", *options]
            )
            known = self._options.get_all_options()
        except SystemExit as error:
            # argparse has said why.
            raise app.UsageError(
                f"Beam cannot read its options: {' '.join(options)}"
            ) from error
        found = self._options.get_all_options(retain_unknown_options=True)
        unknown = sorted(set(found) - set(known))
        if unknown:
            raise app.UsageError(
                f"Beam must know its options. Received: --{unknown[0]}"
            )
        try:
            self._runner = beam_runners.create_runner(
                _RUNNERS.get(runner.lower(), runner)
            )
        except (ValueError, ImportError, AttributeError) as error:
            raise app.UsageError(
                f"`--runner` must be a runner of Beam: {error} "
                f"Received: --runner={runner}"
            ) from error

    def run(self, create_worker, tasks_path, results_path):
        """Does the tasks of a file.

        Args:
            create_worker: see `Workforce.run`.
            tasks_path: JSON lines, `[number, task]`.
            results_path: file to write, JSON lines, `[number, result]`, in
                any order.
        """
        # Tasks come from a file because a pipeline itself may not grow with
        # them; the shuffle spreads them over the workers.
        with beam.Pipeline(self._runner, self._options) as pipeline:
            _ = (
                pipeline
                | "tasks" >> beam.io.ReadFromText(tasks_path)
                | "spread" >> beam.Reshuffle()
                | "work" >> beam.ParDo(Work(create_worker))
                | "results"
                >> beam.io.WriteToText(results_path, shard_name_template="")
            )


class Work(beam.DoFn):
    """Does a task with the one worker of its process.

    Args:
        create_worker: see `Workforce.run`.
    """

    def __init__(self, create_worker):
        self._create_worker = create_worker
        self._shared = shared.Shared()
        self._worker = None

    def setup(self):
        self._worker = self._shared.acquire(self._create_worker)

    def process(self, line):
        number, task = json.loads(line)
        yield json.dumps([number, self._worker(task)])
