"""Pickles of plain data and NumPy arrays, read without running any code.

A pickle can name any code to be run. Here it can name nothing but NumPy arrays
and numbers.
"""

import pickle

import numpy as np

# What pickles of arrays and of NumPy's numbers name, before NumPy 2 and since.
_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    # Of old pickles: bytes written as text.
    ("_codecs", "encode"): lambda text, _: text.encode("latin1"),
    **{
        (module, "_reconstruct"): np.zeros(0).__reduce__()[0]
        for module in _MODULES
    },
    **{(module, "scalar"): np.float64().__reduce__()[0] for module in _MODULES},
}


class PickleError(ValueError):
    """Why a pickle cannot be read; the file is for the caller to name."""


class _Unpickler(pickle.Unpickler):
    """Reads arrays and plain data, and refuses the rest."""

    def find_class(self, module, name):
        if (module, name) not in _ALLOWED:
            raise PickleError(
                f"it names '{module}.{name}', which is refused because it "
                "could run code. Expected numbers, strings, lists, dicts and "
                "NumPy arrays."
            )
        return _ALLOWED[module, name]


def load(file):
    """Reads one pickle, and runs no code that it names.

    Args:
        file: a binary file, open for reading.

    Returns:
        Numbers, strings, lists, tuples, dicts and NumPy arrays.

    Raises:
        PickleError: if it holds another kind of object, or is damaged.
    """
    try:
        return _Unpickler(file).load()
    except PickleError:
        raise
    except Exception as error:  # A damaged pickle can fail in any way.
        raise PickleError(f"it is damaged ({error}). Copy it again.") from error
