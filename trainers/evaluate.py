"""Scores a network, and OpenCV's matchers, on real pairs.

    gocor-evaluate --pairs=pairs.json --output=results.json
    gocor-evaluate --pairs=pairs.json --baseline=dis,farneback,sift

Prints the end-point error (AEPE and median, px), PCK (%) and pose errors
(degrees) of each pair and, averaged, of each group. The JSON holds the
network's under "pairs" and "groups", each baseline's under "baselines".
"""

import os

import keras
from absl import app, flags

from gocor_tf.data import evaluation_pairs

from . import (
    baselines,
    command_line,
    evaluate_lib,
    evaluation_table,
    network_flags,
    output_folder,
)


def define_flags():
    """Defines the flags of `gocor-evaluate`."""
    flags.DEFINE_string("pairs", None, "The pairs.json that lists the pairs.")
    network_flags.define()
    network_flags.define_mode()
    flags.DEFINE_list(
        "baseline",
        [],
        f"Matchers to compare with: {', '.join(baselines.BASELINES)}.",
    )
    flags.DEFINE_string("output", None, "JSON file to write.")
    flags.DEFINE_string("save_flow", None, "Folder for one <name>.flo a pair.")


def evaluate(argv):
    """Runs the evaluation that the flags ask for."""
    arguments = flags.FLAGS
    if len(argv) > 1:
        raise app.UsageError(f"unexpected argument: {argv[1]}")
    if not arguments.pairs:
        raise app.UsageError("`--pairs` must be given")
    for name in arguments.baseline:
        if name not in baselines.BASELINES:
            raise app.UsageError(
                f"`--baseline` must be of {', '.join(baselines.BASELINES)}. "
                f"Received: --baseline={name}"
            )
    pairs = evaluation_pairs.read_pairs(arguments.pairs)
    if arguments.output:
        output_folder.create_parent(arguments.output, "output")
    matcher = network_flags.create_matcher()
    methods = {arguments.preset: evaluate_lib.to_method(matcher)}
    methods |= {name: baselines.BASELINES[name] for name in arguments.baseline}
    results = {
        name: _evaluate(name, method, pairs) for name, method in methods.items()
    }
    if len(results) > 1:
        print(evaluation_table.format_comparison(results))
    if arguments.output:
        evaluate_lib.write_json(arguments.output, _report(results))


def _evaluate(name, method, pairs):
    """Evaluates one method, prints its table and returns its results."""
    flow_dir = flags.FLAGS.save_flow
    if flow_dir is not None:
        if name in flags.FLAGS.baseline:
            flow_dir = os.path.join(flow_dir, name)
        output_folder.create(flow_dir, "save_flow")
    results = evaluate_lib.evaluate(method, pairs, name, flow_dir)
    print(evaluation_table.format_results(name, results), end="\n\n")
    return results


def _report(results):
    names = ("pairs", "preset", "weights", "mode", "baseline")
    settings = {name: flags.FLAGS[name].value for name in names}
    settings["backend"] = keras.backend.backend()
    network = results.pop(flags.FLAGS.preset)
    return {"settings": settings, **network, "baselines": results}


def main():
    """Runs `gocor-evaluate`."""
    command_line.run(evaluate, define_flags)


if __name__ == "__main__":
    main()
