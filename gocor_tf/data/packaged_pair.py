"""The pair of photographs in the package, with its ground truth."""

import pathlib

_FOLDER = pathlib.Path(__file__).parents[1] / "demo_pair"
REFERENCE = str(_FOLDER / "1.jpg")
QUERY = str(_FOLDER / "6.jpg")
# With the ground truth, as `evaluation_pairs.read_pairs` reads it.
PAIR_LIST = str(_FOLDER / "pairs.json")
