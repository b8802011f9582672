"""From the tensors of a published checkpoint to a weights file of Keras.

A checkpoint becomes a file only if it fits: every tensor that the network
needs is there with its shape and finite values, nothing is left over, and what
was written loads into a new network bit for bit (spec models.md, 8.3 to 8.6).
"""

import hashlib

import keras
import numpy as np

from gocor_tf.data.atomic import atomic_path
from gocor_tf.models import load_model, load_weights

from . import published_checkpoint, published_names
from .published_checkpoint import enumerate_names

# Networks whose weights are known by published names.
PRESETS = (
    "basenet",
    "basenet_gocor",
    "glunet",
    "glunet_gocor",
    "glunet_gocor_star",
    "pdcnet",
    "pdcnet_plus",
    "pwcnet",
    "pwcnet_gocor",
    "semantic_glunet",
)


def convert(checkpoint, preset, output):
    """Writes the weights of a checkpoint as a Keras file, or nothing.

    Args:
        checkpoint: file that PyTorch wrote.
        preset: one of `PRESETS`, or "auto" for the one whose tensors have
            these names and shapes.
        output: `.weights.h5` file to write.

    Returns:
        A dict: `preset`, `parameters` and `arrays` (numbers) and `sha256` of
        the file.

    Raises:
        ValueError: if the checkpoint cannot be read or does not fit the
            network, or if the file cannot be written.
    """
    arrays = published_checkpoint.read(checkpoint)
    if preset == "auto":
        preset = recognize(arrays)
    model = create_network(preset, arrays)
    with atomic_path(output) as temporary:
        model.save_weights(temporary)
        check_file(temporary, preset, arrays)
        with open(temporary, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "preset": preset,
        "parameters": model.count_params(),
        "arrays": len(model.variables),
        "sha256": digest,
    }


def recognize(arrays):
    """Returns the preset whose tensors have the names and shapes of these.

    Args:
        arrays: dict, published tensor name -> array.

    Raises:
        ValueError: if no preset fits, or more than one.
    """
    misfits = {
        preset: _misfits(load_model(preset, weights=None), arrays)
        for preset in PRESETS
    }
    fitting = [preset for preset, found in misfits.items() if not found]
    if len(fitting) > 1:
        raise ValueError(
            f"`preset` must be named: the tensors fit {' and '.join(fitting)}. "
            "Received: preset='auto'"
        )
    if not fitting:
        count, nearest = min(
            (sum(map(len, found.values())), preset)
            for preset, found in misfits.items()
        )
        raise ValueError(
            "`checkpoint` must be of a network of the family. The nearest is "
            f"{nearest}, with {count} tensors that differ: "
            f"{_describe(misfits[nearest])}"
        )
    return fitting[0]


def create_network(preset, arrays):
    """Returns a network with the weights of a checkpoint.

    Args:
        preset: name of the network.
        arrays: dict, published tensor name -> array.

    Raises:
        ValueError: if a tensor is missing or left over, has another shape,
            or holds values that are not finite floating-point numbers.
    """
    model = load_model(preset, weights=None)
    misfits = _misfits(model, arrays)
    if misfits:
        raise ValueError(
            f"`checkpoint` must fit {preset}: {_describe(misfits)}"
        )
    variables = published_names.variables(model)
    bad = [name for name in variables if not _is_finite(arrays[name])]
    if bad:
        raise ValueError(
            "`checkpoint` must hold finite floating-point numbers, unlike "
            f"{enumerate_names(bad)}"
        )
    for name, variable in variables.items():
        variable.assign(
            published_names.keras_layout(arrays[name], variable.shape)
        )
    return model


def check_file(path, preset, arrays):
    """Checks that a weights file gives a network the arrays it was made from.

    Args:
        path: the `.weights.h5` file.
        preset: name of the network.
        arrays: dict, published tensor name -> array.

    Raises:
        ValueError: if an array differs in any bit, or if the network does not
            answer two small pictures with finite numbers.
    """
    model = load_model(preset, weights=None)
    load_weights(model, path)
    for name, variable in published_names.variables(model).items():
        expected = published_names.keras_layout(arrays[name], variable.shape)
        loaded = keras.ops.convert_to_numpy(variable)
        if loaded.tobytes() != expected.tobytes():
            raise ValueError(f"the written file changed the values of {name}")
    for name, answer in model(_small_pair(), training=False).items():
        if not _is_finite(keras.ops.convert_to_numpy(answer)):
            raise ValueError(
                f"`checkpoint` must give finite answers, but with it {preset} "
                f"returns a {name} that is not"
            )


def _small_pair():
    """Returns a picture of random blobs and the same shifted by 2 px."""
    rng = np.random.default_rng(0)
    blobs = np.kron(rng.integers(0, 256, (8, 10, 3)), np.ones((8, 8, 1)))
    return {
        "reference": blobs[None, :, 2:].astype("float32"),
        "query": blobs[None, :, :-2].astype("float32"),
    }


def _misfits(model, arrays):
    """Returns lists of names by what is wrong with them, where any is."""
    variables = published_names.variables(model)
    unused = published_names.unused(model, arrays)
    lists = {
        "missing": [name for name in variables if name not in arrays],
        "left over": sorted(set(arrays) - set(variables) - set(unused)),
        "of another shape": [
            name
            for name, variable in variables.items()
            if name in arrays and not _has_shape(arrays[name], variable.shape)
        ],
    }
    return {kind: names for kind, names in lists.items() if names}


def _describe(misfits):
    return "; ".join(
        f"{kind} {enumerate_names(names)}" for kind, names in misfits.items()
    )


def _has_shape(array, shape):
    try:
        published_names.keras_layout(array, shape)
    except ValueError:
        return False
    return True


def _is_finite(array):
    return array.dtype.kind == "f" and bool(np.isfinite(array).all())
