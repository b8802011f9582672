"""Compares what a case computes with the arrays of its fixture.

The rule is that of the fixtures' helper, `Fixture.compare`. Problems are lines
of text.
"""

import re

import numpy as np

# How much larger than the published noise that of a derivative in float32 may
# be, as in the rule for arrays.
_NOISE_FACTOR = 20.0


def compare_values(fixture, values):
    """Yields a line for each array or number that differs."""
    for key, value in values.items():
        if key.startswith("info:"):
            yield from _compare_info(fixture, key, value)
        elif key in fixture.entry["arrays"]:
            yield from _compare_array(fixture, key, value)
        elif key.startswith("out/"):
            yield f"{key}: not in the fixture"


def _compare_array(fixture, key, value):
    entry = fixture.entry["arrays"][key]
    if "full_shape" in entry:
        yield from _compare_full(fixture, key, entry, value)
    if "full_shape" in entry or "sub:" in key:
        value = _subsample(fixture, key, value)
    result = fixture.compare(key, value)
    if not result["ok"]:
        yield f"{key}: {result}"


def _compare_full(fixture, key, entry, value):
    """Compares what is known of an array that is stored in part."""
    if list(value.shape) != list(entry["full_shape"]):
        yield f"{key}: shape {value.shape}, not {entry['full_shape']}"
    wide = value.astype(np.float64)
    tolerance = fixture.tolerance(key)
    # Entrywise tolerances bound that of the norm.
    bound = tolerance * np.sqrt(wide.size)
    norm = np.linalg.norm(wide)
    for name in ("norm", "norm_f64"):
        # Rounded to six digits in the manifest.
        if name in entry and abs(norm - entry[name]) > bound + 1e-5 * norm:
            yield f"{key}: {name} {norm}, not {entry[name]}"
    size = np.abs(wide).sum()
    for name, total in (("sum", wide.sum()), ("abssum", size)):
        if name in entry and abs(total - entry[name]) > 3e-5 * size:
            yield f"{key}: {name} {total}, not {entry[name]}"


def _subsample(fixture, key, value):
    """Picks the entries that the fixture stores."""
    if "sub:" in key:
        return value.reshape(-1)[_sub_indices(fixture, value.size)]
    if value.shape == fixture.arrays[key].shape:
        return value
    pattern = r"\[\.\.\., (\d+)::(\d+), (\d+)::(\d+)\]"
    found = re.search(pattern, fixture.entry["notes"])
    y, dy, x, dx = map(int, found.groups())
    return value[..., y::dy, x::dx]


def _sub_indices(fixture, size):
    """Returns which entries of a derivative the fixture stores."""
    import oracle_weights

    rule = fixture.entry["info"].get("sub_indices", "")
    number = re.findall(r"grad_indices\(n, (\d+)\)", rule)
    return oracle_weights.grad_indices(size, *map(int, number))


def _compare_info(fixture, key, value):
    """Compares numbers of the manifest's info, by the rule for arrays."""
    expected = np.asarray(fixture.entry["info"][key.removeprefix("info:")])
    tolerance = max(3e-5 * np.abs(expected).max(), 1e-6)
    if expected.ndim == 0:
        # A sum over an output, in which the noise of the entries adds up.
        tolerance += max(
            fixture.tolerance("out/" + name) * np.sqrt(output.size)
            for name, output in fixture.out.items()
        )
    if not np.all(np.abs(value - expected) <= tolerance):
        yield f"{key}: {value}, not {expected}"


def compare_precisions(fixture, values, exact_values):
    """Yields a line for each array in float32 far from its value in float64.

    Where the manifest says how far the published derivatives in float32 are,
    ours may be `_NOISE_FACTOR` times as far. A number, or a few, can be near by
    chance: the median of all derivatives counts for them as well.
    """
    noise = {
        key: entry["f32_rel_err"]
        for key, entry in fixture.entry["arrays"].items()
        if "f32_rel_err" in entry
    }
    typical_noise = np.median(list(noise.values())) if noise else 0
    for key, exact in exact_values.items():
        error = np.abs(values[key] - exact)
        if key in noise:
            part = _NOISE_FACTOR * max(noise[key], typical_noise)
            distance = np.linalg.norm(error)
            if distance > part * fixture.entry["arrays"][key]["norm_f64"]:
                yield f"{key}: in float32 off by {distance} in length"
        elif not (noise and key.startswith("grad")):
            yield from _compare_loosely(key, error, np.abs(exact).max())


def _compare_loosely(key, error, size):
    if error.mean() > 5e-3 * size or error.max() > 1e-1 * size:
        yield (
            f"{key}: in float32 off by {error.mean()} in the mean and by "
            f"{error.max()} at most"
        )
