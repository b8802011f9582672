"""The commands and tables of docs/results.md against the code.

The figures are others' and cannot be checked here; what they are called, and
the commands that reproduce them, can.
"""

import pathlib
import re
import shlex

import pytest
from absl import flags

from gocor_tf import models
from gocor_tf.export import checkpoint_conversion, convert_checkpoint
from gocor_tf.trainers import evaluate
from gocor_tf.trainers.evaluation import methods, protocols, tables

TEXT = (pathlib.Path(__file__).parents[1] / "docs" / "results.md").read_text(
    encoding="utf-8"
)
FLAGS_OF = {
    "gocor-convert": convert_checkpoint.define_flags,
    "gocor-evaluate": evaluate.define_flags,
}
# Without figures to compare with.
NOT_PUBLISHED = {"flyingchairs", "flyingthings3d", "video"}


def find_commands(program):
    blocks = re.findall(r"^```bash\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    lines = "".join(blocks).replace("\\\n", "").splitlines()
    found = [shlex.split(line) for line in lines]
    return [words for words in found if words[0] == program]


def parse(program, words):
    """Returns the values of a command's flags, and its other words."""
    before = set(flags.FLAGS)
    FLAGS_OF[program]()
    try:
        others = flags.FLAGS(words)[1:]
        added = set(flags.FLAGS) - before
        return {name: flags.FLAGS[name].value for name in added}, others
    finally:
        for name in set(flags.FLAGS) - before:
            delattr(flags.FLAGS, name)


def read_rows(heading):
    """Yields the cells of a table's rows, the backticks taken off."""
    (table,) = re.findall(rf"^\| {heading}.*\n\|-.*\n((?:\|.*\n)+)", TEXT, re.M)
    for line in table.splitlines():
        yield [cell.strip() for cell in line.replace("`", "").split("|")[1:-1]]


@pytest.mark.parametrize("words", find_commands("gocor-convert"))
def test_convert_command_is_right(words):
    values, others = parse("gocor-convert", words)
    assert not others
    assert values["preset"] in checkpoint_conversion.PRESETS
    assert values["output"].endswith(".weights.h5")


@pytest.mark.parametrize("words", find_commands("gocor-evaluate"), ids=" ".join)
def test_evaluate_command_is_right(words):
    values, others = parse("gocor-evaluate", words)
    assert not others
    assert bool(values["pairs"]) != bool(values["dataset"])
    assert bool(values["data_dir"]) == bool(values["dataset"])
    methods.read_iterations(values["num_iterations"])
    for name in values["baseline"]:
        methods.find_baseline(name)
    embedded = {n for n, p in models.presets().items() if p["embedded"]}
    assert set(values["preset"]) <= set(models.presets())
    if set(values["preset"]) - embedded:
        assert len(values["weights"]) == len(values["preset"])
    if values["variant"] is not None:
        variants = protocols.PROTOCOLS[values["dataset"]].variants
        assert values["variant"] in variants


def test_every_published_set_has_a_command():
    words = find_commands("gocor-evaluate")
    values = [parse("gocor-evaluate", command)[0] for command in words]
    named = {value["dataset"] for value in values if value["dataset"]}
    assert named == set(protocols.PROTOCOLS) - NOT_PUBLISHED


def test_every_preset_of_a_checkpoint_is_listed():
    presets = [row[1] for row in read_rows("checkpoint")]
    listed = {name for cell in presets for name in re.findall(r"\w+", cell)}
    assert set(checkpoint_conversion.PRESETS) <= listed


@pytest.mark.parametrize(
    "names, columns, averaged", list(read_rows("`--dataset` \\| columns"))
)
def test_columns_are_those_that_are_printed(names, columns, averaged):
    for name in names.split(", "):
        protocol = protocols.find(name)
        printed = [tables.label(column) for column in protocol.columns]
        assert columns.split(", ") == printed


@pytest.mark.parametrize(
    "name, folder, contents", list(read_rows("`--dataset` \\| `--data_dir`"))
)
def test_files_are_those_that_are_missed(name, folder, contents, tmp_path):
    with pytest.raises(ValueError, match="should look like this") as error:
        protocols.find(name).open(str(tmp_path), None)
    files = re.findall(r"\w+(?=/)|\w+\.(?:csv|txt)", contents)
    assert files
    assert not [file for file in files if file not in str(error.value)]
