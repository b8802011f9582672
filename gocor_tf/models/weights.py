"""Weights files: strict about what they hold, or with a report of what fits.

Keras files the arrays of a network's layers by class and order of creation,
such as `layers/flow_level_1/...`. Those names are the same in all networks of
the family but for the pyramids: which of two comes first differs. The one of
the 256 x 256 images is the deeper one.
"""

import collections
import dataclasses
import os
import re
import tempfile

import h5py

_PYRAMID = re.compile(r"layers/\w*pyramid(_\d+)?(?=/)")


@dataclasses.dataclass(frozen=True)
class PartialLoad:
    """What became of the arrays of a network and of a weights file.

    Names begin with the layer's: `level_3/decoding/head/vars/0`. As a string,
    it says how many arrays of which layers were loaded and were not.

    Attributes:
        loaded: names of the network's arrays that the file gave.
        missing: those that the file does not hold.
        other_shape: those that it holds in another shape.
        left_over: names of the file's arrays that the network does not have.
        parameters: numbers in all arrays of the network.
        parameters_loaded: numbers in the loaded ones.
    """

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    other_shape: tuple[str, ...]
    left_over: tuple[str, ...]
    parameters: int
    parameters_loaded: int

    def __str__(self):
        total = sum(map(len, (self.loaded, self.missing, self.other_shape)))
        # Rounded down: 100 % means all.
        share = 1000 * self.parameters_loaded // self.parameters / 10
        parts = [
            f"loaded {len(self.loaded)} of {total} arrays "
            f"({share} % of the parameters)"
        ]
        for label, names in (
            ("not in the file", self.missing),
            ("of another shape in the file", self.other_shape),
            ("in the file alone", self.left_over),
        ):
            if names:
                parts.append(f"{label}: {_by_layer(names)}")
        return "; ".join(parts)


def load_weights(model, path):
    """Loads a `.weights.h5` file that must fit the network exactly.

    Keras itself ignores weights of layers that the network does not have, so
    a file of another network can load without a word; here it cannot.

    Args:
        model: a built network.
        path: the file.

    Raises:
        ValueError: if the file is missing, cut short, not a weights file, or
            of another network.
    """
    sizes = [size for _, size in _contents(path).values()]
    expected = len(model.variables), model.count_params()
    if (len(sizes), sum(sizes)) != expected:
        raise ValueError(
            f"`weights` must hold the {expected[1]:,} parameters in "
            f"{expected[0]} arrays of this {type(model).__name__}, but it "
            f"holds {sum(sizes):,} in {len(sizes)}: it belongs to another "
            f"network. Received: weights={path!r}"
        )
    try:
        model.load_weights(path)
    except (ValueError, KeyError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"`weights` must fit this {type(model).__name__}: {reason}. "
            f"Received: weights={path!r}"
        ) from error


def load_weights_partially(model, path):
    """Loads what fits of a `.weights.h5` file of a network of the family.

    Arrays of the same name and shape are taken, the others keep their values.
    A network with two pyramids takes both from the one of a file that has
    one: they begin equal where it was frozen, as in the published first
    stages.

    ```python
    model = gocor_tf.load_model("pdcnet_plus", weights=None)
    print(load_weights_partially(model, "pdcnet_plus_stage1.weights.h5"))
    ```

    Args:
        model: a built network.
        path: the file.

    Returns:
        A `PartialLoad`.

    Raises:
        ValueError: if the file is missing, cut short, not a weights file, or
            if nothing in it fits.
    """
    source = _by_name(_contents(path))
    with tempfile.TemporaryDirectory() as folder:
        own_path = os.path.join(folder, "own.weights.h5")
        model.save_weights(own_path)
        own = _by_name(_contents(own_path))
        origins = _origins(own, source)
        pairs = {
            name: origin
            for name, origin in origins.items()
            if source[origin][1] == own[name][1]
        }
        if not pairs:
            raise ValueError(
                f"`weights` must hold arrays of this {type(model).__name__}, "
                f"but none of its {len(source)} has the name and the shape "
                f"of one. Received: weights={path!r}"
            )
        with h5py.File(own_path, "r+") as file, h5py.File(path, "r") as other:
            for name, origin in pairs.items():
                file[own[name][0]][...] = other[source[origin][0]][...]
        model.load_weights(own_path)
    return _report(model, own, source, origins, pairs)


def _contents(path):
    """Returns what a weights file holds: path -> (shape, size)."""
    if not os.path.isfile(path):
        raise ValueError(
            f"`weights` must be an existing .weights.h5 file. "
            f"Received: weights={path!r}"
        )
    contents = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            contents[name] = item.shape, item.size

    try:
        with h5py.File(path, "r") as file:
            file.visititems(visit)
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(
            "`weights` must be a complete .weights.h5 file, but this one is "
            f"cut short or of another kind. Received: weights={path!r}"
        ) from error
    return contents


def _by_name(contents):
    """Returns name -> (path, shape, size), the pyramids told apart."""
    matches = (_PYRAMID.match(path) for path in contents)
    pyramids = collections.Counter(m.group() for m in matches if m)
    names = ("pyramid",) if len(pyramids) == 1 else ("pyramid_256", "pyramid")
    deepest_first = [pyramid for pyramid, _ in pyramids.most_common()]
    renamed = dict(zip(deepest_first, names, strict=False))
    return {
        _PYRAMID.sub(lambda match: renamed[match.group()], path): (path, *rest)
        for path, rest in contents.items()
    }


def _origins(own, source):
    """Returns the network's names -> the file's, of arrays in both."""
    shares_pyramid = not any(n.startswith("pyramid_256/") for n in source)
    origins = {}
    for name in own:
        origin = name
        if shares_pyramid and name.startswith("pyramid_256/"):
            origin = name.replace("pyramid_256/", "pyramid/", 1)
        if origin in source:
            origins[name] = origin
    return origins


def _report(model, own, source, origins, pairs):
    labels = _layer_labels(model)

    def label(names):
        return tuple(
            re.sub(r"^layers/(\w+)", lambda m: labels.get(m[1], m[1]), name)
            for name in names
        )

    return PartialLoad(
        loaded=label(pairs),
        missing=label(n for n in own if n not in origins),
        other_shape=label(n for n in origins if n not in pairs),
        left_over=label(n for n in source if n not in set(origins.values())),
        parameters=sum(size for *_, size in own.values()),
        parameters_loaded=sum(own[name][2] for name in pairs),
    )


def _layer_labels(model):
    """Returns `flow_level_1` -> `level_2`, as the network has them."""
    labels, counts = {}, collections.Counter()
    for layer in model.layers:
        kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(layer).__name__).lower()
        suffix = f"_{counts[kind]}" if counts[kind] else ""
        labels[f"{kind}{suffix}"] = layer.name
        counts[kind] += 1
    return labels


def _by_layer(names):
    counts = collections.Counter(name.split("/")[0] for name in names)
    return ", ".join(
        f"{layer} ({count} array{'s' if count > 1 else ''})"
        for layer, count in counts.items()
    )
