"""Values of the pixels of one pair, as metrics compute with them."""

import numpy as np


def to_arrays(**values):
    """Returns values of the same pixels as flat float64 arrays.

    Args:
        **values: arrays of one shape, by the name of the caller's argument.

    Returns:
        List of `(number,)` float64 arrays, in the order of the arguments.

    Raises:
        ValueError: naming the argument, if the shapes differ or a value is
            not finite.
    """
    arrays = {
        name: np.asarray(value, np.float64) for name, value in values.items()
    }
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        names = " and ".join(f"`{name}`" for name in arrays)
        raise ValueError(f"{names} must have one shape. Received: {shapes}")
    for name, array in arrays.items():
        num_bad = array.size - np.count_nonzero(np.isfinite(array))
        if num_bad:
            raise ValueError(
                f"`{name}` must be finite numbers. "
                f"Received: {num_bad} of {array.size} that are not"
            )
    return [array.ravel() for array in arrays.values()]
