"""Trains the default network with and without GOCor, on two kinds of pairs.

    python benchmarks/ablation.py --image_dir=PHOTOGRAPHS --pairs=pairs.json
        --workdir=runs/ablation --output=TABLE.md

Each row is trained once for each seed, and scored in one pass ("direct") on
real pairs. A run that was stopped goes on where it was. `--output` replaces
what lies between the file's two markers.
"""

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
from benchmarks import ablation_table, report  # noqa: E402
from gocor_tf.data import atomic  # noqa: E402
from gocor_tf.data.evaluation_sets import pair_list  # noqa: E402
from gocor_tf.trainers import command_line  # noqa: E402
from gocor_tf.trainers.evaluation import (  # noqa: E402
    evaluate_lib,
    methods,
    protocols,
)

DEFAULT = ROOT / "trainers/configs/default.py"
# Row -> variant of the configuration, and number of objects.
ROWS = {
    "plain, static": ("feature", 0),
    "plain, dynamic": ("feature", 3),
    "GOCor, static": ("full", 0),
    "GOCor, dynamic": ("full", 3),
}


def define_flags():
    """Defines the command's flags."""
    flags.DEFINE_string("image_dir", None, "Folder of photographs.")
    flags.DEFINE_string("pairs", None, "pairs.json of the real pairs.")
    flags.DEFINE_string("workdir", None, "Folder of all runs.")
    flags.DEFINE_string("output", None, "Markdown file to update.")
    flags.DEFINE_integer("num_steps", 400, "Steps of each run.")
    flags.DEFINE_list("seeds", ["0", "1", "2"], "Seeds of each row.")
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


def train(row, seed, folder, pyramid):
    """Trains one row of the table, or finishes its training.

    Args:
        row: one of `ROWS`.
        seed: of weights and pairs.
        folder: of the run.
        pyramid: weights file of the pyramid.
    """
    variant, num_objects = ROWS[row]
    options = {
        "data.image_dir": flags.FLAGS.image_dir,
        "data.warp.rotation_probability": 0,
        "data.warp.zoom_probability": 0,
        "data.objects.number": num_objects,
        "data.objects.random_number": True,
        "loss.matching_weight": 0,
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


def score(row, folder):
    """Returns a trained network's means on the groups of real pairs.

    Args:
        row: one of `ROWS`.
        folder: of the run; keeps the answer.
    """
    path = folder / "groups.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    kind = {"full": "gocor", "feature": "feature"}[ROWS[row][0]]
    model = gocor_tf.load_model(
        "default",
        str(folder / "model.weights.h5"),
        global_correlation=kind,
        local_correlation=kind,
    )
    records = evaluate_lib.evaluate(
        folder.name,
        methods.NetworkMethod(gocor_tf.Matcher(model, mode="direct")),
        pair_list.PairList(flags.FLAGS.pairs),
        protocols.PAIRS,
    )
    groups = evaluate_lib.summarize(records, protocols.PAIRS).groups()
    atomic.write_bytes(path, json.dumps(groups, indent=1).encode())
    return groups


def run_all(argv):
    """Runs what is left to run and writes the table."""
    command_line.check_no_arguments(argv)
    if flags.FLAGS.output:
        report.split_at_markers(
            flags.FLAGS.output
        )  # Refused now, not at the end.
    workdir = pathlib.Path(flags.FLAGS.workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    pyramid = workdir / "pyramid.weights.h5"
    if not pyramid.exists():
        write_pyramid(pyramid)
    scores = {row: [] for row in ROWS}
    # Seed by seed: a table of fewer seeds is there early.
    for seed in flags.FLAGS.seeds:
        for row in ROWS:
            name = f"{row.replace(', ', '_')}_{seed}".lower()
            train(row, seed, workdir / name, pyramid)
            scores[row].append(score(row, workdir / name))
    table = ablation_table.format_scores(scores)
    print(table)
    if flags.FLAGS.output:
        report.replace_between_markers(flags.FLAGS.output, table)


if __name__ == "__main__":
    command_line.run(run_all, define_flags)
