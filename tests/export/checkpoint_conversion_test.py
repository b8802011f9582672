"""Tensors by their published names, and the weights files made of them."""

import functools
import pathlib

import keras
import numpy as np
import pytest

import gocor_tf
from gocor_tf.export import checkpoint_conversion, published_names
from tests.testdata.oracle import oracle_weights

SPECS = pathlib.Path(oracle_weights.__file__).parent / "specs" / "models"
# Preset -> name of its specification.
PUBLISHED = {
    "basenet": "BaseNet",
    "basenet_gocor": "BaseNet_GOCor",
    "glunet": "GLUNet",
    "glunet_gocor": "GLUNet_GOCor",
    "glunet_gocor_star": "GLUNet_GOCor_star",
    "pdcnet": "PDCNet",
    "pdcnet_plus": "PDCNet_plus",
    "pwcnet": "PWCNet",
    "pwcnet_gocor": "PWCNet_GOCor",
    "semantic_glunet": "SemanticGLUNet",
}
NAME = "decoder2.conv_1.0.weight"


def published_arrays(preset):
    """Returns random tensors with the names and shapes of a checkpoint."""
    return oracle_weights.build(str(SPECS / f"{PUBLISHED[preset]}.json"), 11)


def save(arrays, path):
    torch = pytest.importorskip("torch")
    tensors = {name: torch.from_numpy(a.copy()) for name, a in arrays.items()}
    torch.save({"state_dict": tensors}, path)


@pytest.fixture(scope="module")
def basenet_arrays():
    return published_arrays("basenet")


@pytest.fixture
def arrays(basenet_arrays):
    return dict(basenet_arrays)


@pytest.fixture
def two_presets(monkeypatch):
    presets = ("basenet", "basenet_gocor")
    monkeypatch.setattr(checkpoint_conversion, "PRESETS", presets)


def test_checkpoint_becomes_a_weights_file(arrays, tmp_path, two_presets):
    output = tmp_path / "basenet.weights.h5"
    save(arrays, tmp_path / "basenet.pth")
    summary = checkpoint_conversion.convert(
        tmp_path / "basenet.pth", "auto", output
    )
    assert summary["preset"] == "basenet"
    assert (summary["parameters"], summary["arrays"]) == (11_464_186, 156)
    again = checkpoint_conversion.convert(
        tmp_path / "basenet.pth", "basenet", tmp_path / "again.weights.h5"
    )
    assert again["sha256"] == summary["sha256"]
    model = gocor_tf.load_model("basenet", weights=output)
    kernel = keras.ops.convert_to_numpy(published_names.variables(model)[NAME])
    np.testing.assert_array_equal(
        kernel, np.transpose(arrays[NAME], (2, 3, 1, 0))
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop(NAME), f"fit basenet: missing {NAME}$"),
        (
            lambda a: a.update(renamed=a.pop(NAME)),
            f"missing {NAME}; left over renamed$",
        ),
        (
            lambda a: a.update({NAME: a[NAME][:-1]}),
            f"of another shape {NAME}$",
        ),
        (
            lambda a: a[NAME].put(0, np.nan),
            f"finite floating-point numbers, unlike {NAME}$",
        ),
        (
            lambda a: a.update({NAME: a[NAME].astype("int32")}),
            f"finite floating-point numbers, unlike {NAME}$",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_named(arrays, change, message):
    arrays[NAME] = arrays[NAME].copy()
    change(arrays)
    with pytest.raises(ValueError, match=message):
        checkpoint_conversion.create_network("basenet", arrays)


def test_another_network_is_refused(arrays):
    with pytest.raises(ValueError, match=r"fit basenet_gocor.*and 11 more$"):
        checkpoint_conversion.create_network("basenet_gocor", arrays)


def test_unrecognizable_tensors_name_the_nearest_preset(arrays, two_presets):
    arrays["extra.weight"] = arrays.pop(NAME)
    with pytest.raises(
        ValueError, match="nearest is basenet, with 2 tensors that differ"
    ):
        checkpoint_conversion.recognize(arrays)


def test_presets_that_cannot_be_told_apart_are_named(arrays, monkeypatch):
    presets = ("basenet", "twin")
    monkeypatch.setattr(checkpoint_conversion, "PRESETS", presets)
    monkeypatch.setattr(
        checkpoint_conversion,
        "load_model",
        lambda name, weights: gocor_tf.load_model("basenet", weights=weights),
    )
    with pytest.raises(ValueError, match="the tensors fit basenet and twin"):
        checkpoint_conversion.recognize(arrays)


def test_a_file_with_other_values_is_noticed(arrays, tmp_path):
    path = tmp_path / "basenet.weights.h5"
    model = checkpoint_conversion.create_network("basenet", arrays)
    model.level_2.decoding.blocks[1].conv.kernel.assign_add(
        np.full(arrays[NAME].shape, 1e-7).transpose(2, 3, 1, 0)
    )
    model.save_weights(path)
    with pytest.raises(ValueError, match=f"changed the values of {NAME}"):
        checkpoint_conversion.check_file(path, "basenet", arrays)


def test_weights_that_overflow_write_nothing(arrays, tmp_path):
    arrays[NAME] = np.full_like(arrays[NAME], 1e38)
    save(arrays, tmp_path / "basenet.pth")
    with pytest.raises(ValueError, match="must give finite answers.* flow"):
        checkpoint_conversion.convert(
            tmp_path / "basenet.pth", "basenet", tmp_path / "b.weights.h5"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["basenet.pth"]


def test_presets_are_presets():
    assert set(checkpoint_conversion.PRESETS) <= set(gocor_tf.presets())
    assert set(checkpoint_conversion.PRESETS) == set(PUBLISHED)


@pytest.mark.slow
def test_every_network_is_recognized(monkeypatch):
    load_model = functools.cache(gocor_tf.load_model)
    monkeypatch.setattr(checkpoint_conversion, "load_model", load_model)
    for preset in PUBLISHED:
        arrays = published_arrays(preset)
        assert checkpoint_conversion.recognize(arrays) == preset


@pytest.mark.slow
@pytest.mark.parametrize("preset", PUBLISHED)
def test_every_network_is_converted(preset, tmp_path):
    arrays = published_arrays(preset)
    checkpoint, output = tmp_path / "c.pth", tmp_path / "n.weights.h5"
    save(arrays, checkpoint)
    checkpoint_conversion.convert(checkpoint, preset, output)
    model = gocor_tf.load_model(preset, weights=output)
    variables = published_names.variables(model)
    for name, variable in variables.items():
        expected = published_names.keras_layout(arrays[name], variable.shape)
        np.testing.assert_array_equal(variable, expected)
