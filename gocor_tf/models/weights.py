"""Weights files: strict about what they hold."""

import os

import h5py


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
    if not os.path.isfile(path):
        raise ValueError(
            f"`weights` must be an existing .weights.h5 file. "
            f"Received: weights={path!r}"
        )
    num_arrays, num_parameters = _contents(path)
    expected = len(model.variables), model.count_params()
    if (num_arrays, num_parameters) != expected:
        raise ValueError(
            f"`weights` must hold the {expected[1]:,} parameters in "
            f"{expected[0]} arrays of this {type(model).__name__}, but it "
            f"holds {num_parameters:,} in {num_arrays}: it belongs to another "
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


def _contents(path):
    """Returns how many arrays and how many numbers a weights file holds."""
    sizes = []

    def visit(_, item):
        if isinstance(item, h5py.Dataset):
            sizes.append(item.size)

    try:
        with h5py.File(path, "r") as file:
            file.visititems(visit)
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(
            "`weights` must be a complete .weights.h5 file, but this one is "
            f"cut short or of another kind. Received: weights={path!r}"
        ) from error
    return len(sizes), sum(sizes)
