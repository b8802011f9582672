"""The ablation's table, and the pyramid that its runs begin with."""

import h5py
import numpy as np

import gocor_tf
from benchmarks import ablation, ablation_table
from gocor_tf.models.weights import load_weights_partially


def test_table_gives_means_and_spreads_over_seeds():
    def run(aepe, pck5):
        return {
            "a": {"aepe": aepe, "pck5": pck5},
            "b": {"aepe": aepe + 2, "pck5": 0.0},
            "pose": {"aepe": None, "pck5": None},
        }

    table = ablation_table.format_scores(
        {"plain": [run(1.0, 50.0), run(3.0, 52.0)], "GOCor": [run(4.0, 60.0)]}
    )
    # 1 and 3: mean 2, sample standard deviation sqrt(2).
    assert "| a | 2.0 +- 1.4 | 4.0 |" in table
    # Means of the groups: 2 and 4; 5.
    assert "| mean of the groups | 3.0 +- 1.4 | 5.0 |" in table
    assert "| a | 51.0 +- 1.4 | 60.0 |" in table
    assert "pose" not in table


def test_runs_begin_with_the_packaged_pyramid_alone(tmp_path):
    path = tmp_path / "pyramid.weights.h5"
    ablation.write_pyramid(path)
    with h5py.File(path) as file:
        assert list(file["layers"]) == ["compact_pyramid"]
    model = gocor_tf.load_model("default", weights=None)
    loaded = load_weights_partially(model, str(path)).loaded
    assert {name.split("/")[0] for name in loaded} == {"pyramid"}
    packaged = gocor_tf.load_model("default")
    for own, theirs in zip(
        model.pyramid.variables, packaged.pyramid.variables, strict=True
    ):
        np.testing.assert_array_equal(own, theirs)
