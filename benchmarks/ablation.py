"""The default network with plain correlation, GOCor, and its query term.

    python benchmarks/ablation.py --image_dir=PHOTOGRAPHS --pairs=pairs.json
        --workdir=runs/ablation --output=TABLE.md

Each variant is trained once for each seed, and scored in one pass ("direct")
on real pairs; the packaged network is scored with 0 to 7 iterations. A run
that was stopped goes on where it was. `--output` replaces what lies between
the file's two markers.
"""

import functools
import json
import os
import pathlib
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import h5py  # noqa: E402
from absl import flags  # noqa: E402

import gocor_tf  # noqa: E402
from benchmarks import ablation_table, flag_checks, report  # noqa: E402
from gocor_tf.data import atomic  # noqa: E402
from gocor_tf.data.evaluation_sets import pair_list  # noqa: E402
from gocor_tf.trainers import command_line  # noqa: E402
from gocor_tf.trainers.evaluation import (  # noqa: E402
    evaluate_lib,
    methods,
    protocols,
)

DEFAULT = ROOT / "trainers/configs/default.py"
# Variant of the configuration -> its title and what it changes in the preset.
VARIANTS = {
    "feature": (
        "plain",
        {"global_correlation": "feature", "local_correlation": "feature"},
    ),
    "full": ("GOCor", {}),
    "query": ("GOCor, query term", {"global_gocor": {"query_objective": True}}),
}
ITERATIONS = range(8)


def define_flags():
    """Defines the command's flags."""
    flags.DEFINE_string("image_dir", None, "Folder of photographs.")
    flags.DEFINE_string("pairs", None, "pairs.json of the real pairs.")
    flags.DEFINE_string("workdir", None, "Folder of all runs.")
    flags.DEFINE_string("output", None, "Markdown file to update.")
    flags.DEFINE_integer("num_steps", 400, "Steps of each run.")
    flags.DEFINE_list("seeds", ["0", "1", "2"], "Seeds of each variant.")
    flags.DEFINE_multi_string(
        "option", [], "FIELD=VALUE of the configuration, for all runs."
    )
    flags.mark_flags_as_required(["image_dir", "pairs", "workdir"])


def write_pyramid(path):
    """Writes the packaged feature pyramid, with which all runs begin.

    Args:
        path: `.weights.h5` file to write.
    """
    gocor_tf.load_model("default").save_weights(path)
    with h5py.File(path, "r+") as file:
        layers = file["layers"]
        for name in set(layers) - {"compact_pyramid"}:
            del layers[name]
        for name in set(file) - {"layers"}:
            del file[name]


def train(variant, seed, folder, pyramid):
    """Trains one variant, or finishes its training.

    Args:
        variant: one of `VARIANTS`.
        seed: of weights and pairs.
        folder: of the run.
        pyramid: weights file of the pyramid.
    """
    options = {
        "data.image_dir": flags.FLAGS.image_dir,
        "model.init_weights": pyramid,
        "model.partial": True,
        "model.train_backbone": False,
        "num_steps": flags.FLAGS.num_steps,
        "checkpoint_every": 50,
        "validation.interval": flags.FLAGS.num_steps,
        "picture_every": 0,
        "tensorboard": False,
        "seed": seed,
    }
    command = [
        *(sys.executable, "-m", "gocor_tf.trainers.train"),
        *(f"--config={DEFAULT}:{variant}", f"--workdir={folder}"),
        *(f"--config.{name}={value}" for name, value in options.items()),
        *(f"--config.{option}" for option in flags.FLAGS.option),
    ]
    subprocess.run(command, check=True)


def score(path, load, num_iterations=None):
    """Returns a network's means on the groups of real pairs.

    Args:
        path: JSON file that keeps the answer.
        load: function that returns the network.
        num_iterations: of its GOCor layers.
    """
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    matcher = gocor_tf.Matcher(
        load(), mode="direct", num_iterations=num_iterations
    )
    records = evaluate_lib.evaluate(
        path.stem,
        methods.NetworkMethod(matcher),
        pair_list.PairList(flags.FLAGS.pairs),
        protocols.PAIRS,
    )
    groups = evaluate_lib.summarize(records, protocols.PAIRS).groups()
    atomic.write_bytes(path, json.dumps(groups, indent=1).encode())
    return groups


def compare_variants(workdir):
    """Trains and scores all variants; returns their table."""
    pyramid = workdir / "pyramid.weights.h5"
    if not pyramid.exists():
        write_pyramid(pyramid)
    scores = {title: [] for title, _ in VARIANTS.values()}
    # Seed by seed: a table of fewer seeds is there early.
    for seed in flags.FLAGS.seeds:
        for variant, (title, changes) in VARIANTS.items():
            folder = workdir / f"{variant}_{seed}"
            train(variant, seed, folder, pyramid)
            load = functools.partial(
                gocor_tf.load_model,
                "default",
                str(folder / "model.weights.h5"),
                **changes,
            )
            scores[title].append(score(folder / "groups.json", load))
    return ablation_table.format_scores(scores)


def compare_iterations(workdir):
    """Scores the packaged network with more and fewer iterations."""
    load = functools.partial(gocor_tf.load_model, "default")
    scores = {
        str(number): [
            score(workdir / f"iterations_{number}.json", load, number)
        ]
        for number in ITERATIONS
    }
    return ablation_table.format_scores(scores)


def run_all(argv):
    """Runs what is left to run and writes the tables."""
    command_line.check_no_arguments(argv)
    flag_checks.writable()
    workdir = pathlib.Path(flags.FLAGS.workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    tables = "\n\n".join(
        [
            "Trained alike, two variants of GOCor against dot products:",
            compare_variants(workdir),
            "The packaged network, by number of iterations:",
            compare_iterations(workdir),
        ]
    )
    print(tables)
    if flags.FLAGS.output:
        report.replace_between_markers(flags.FLAGS.output, tables)


if __name__ == "__main__":
    command_line.run(run_all, define_flags)
