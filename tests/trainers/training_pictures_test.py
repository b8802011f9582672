import numpy as np
import pytest

from gocor_tf.models import BaseNet
from gocor_tf.trainers import training_pictures

LAYERS = ["global_volume/gocor", "local_volume/gocor"]


def create_network(correlation):
    model = BaseNet(
        backbone="compact",
        decoder="residual",
        width=0.125,
        global_correlation=correlation,
        local_correlation=correlation,
    )
    model.build()
    return model


@pytest.fixture(scope="module")
def network():
    return create_network("gocor")


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    return {
        name: rng.uniform(0, 255, (1, 64, 64, 3)).astype("float32")
        for name in ("reference", "query")
    }


def test_curves_start_as_the_layers_do(network):
    curves = training_pictures.gocor_curves(network)
    assert list(curves) == [
        f"{layer}/{symbol}" for layer in LAYERS for symbol in ("v+", "v-", "y")
    ]
    distance, weight = curves[f"{LAYERS[0]}/v+"]
    assert distance[0] == 0 and distance[-1] == 5
    np.testing.assert_allclose(weight, 1.0, atol=1e-6)
    _, label = curves[f"{LAYERS[0]}/y"]
    assert label[0] == label.max() and label[-1] < 0.01
    _, mask = curves[f"{LAYERS[1]}/v-"]
    assert mask[0] > 0.9 and mask[-1] < 0.1


def test_every_iteration_lowers_the_objective(network, pair):
    objectives = training_pictures.gocor_objectives(network, pair)
    # Two levels share the local volume.
    assert list(objectives) == [*LAYERS, f"{LAYERS[1]}, call 2"]
    for values in objectives.values():
        assert len(values) == 4
        assert all(np.diff(values) < 0)


def test_the_network_is_left_as_it_was(network, pair):
    before = network(pair)["flow"]
    training_pictures.gocor_objectives(network, pair)
    layer = network.global_volume.volume
    assert "steepest_descent" not in vars(layer)
    np.testing.assert_array_equal(network(pair)["flow"], before)


def test_figures_are_pictures(network, pair):
    pytest.importorskip("matplotlib")
    figures = training_pictures.figures(network, pair)
    assert list(figures) == ["GOCor: v+, v- and y", "GOCor: objective"]
    assert [figure.shape for figure in figures.values()] == [
        (350, 1100, 3),
        (700, 1100, 3),
    ]


def test_networks_without_gocor_have_none(pair):
    model = create_network("feature")
    assert training_pictures.figures(model, pair) == {}
