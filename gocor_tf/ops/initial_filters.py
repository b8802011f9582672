"""Initial filters of GOCor: simple and context-aware, global and local.

Truong et al., "GOCor: Bringing Globally Optimized Correspondence Volumes into
Your Neural Network", NeurIPS 2020, Section 3.6.

| paper       | here         |
|-------------|--------------|
| `f^r`       | `features`   |
| mean `f^r`  | `background` |
| `w^0`       | the result   |

Differences of nearly equal numbers: pass float32 or more.
"""

from keras import ops


def simple_filters(features, scaling):
    """Scales features to a dot product of `scaling` with themselves.

    Args:
        features: `(batch, height, width, channels)`.
        scaling: `(1,)` or `(channels,)`.

    Returns:
        Filters of the shape of `features`; zero where a feature is zero.
    """
    features = ops.convert_to_tensor(features)
    power = ops.sum(ops.square(features), axis=-1, keepdims=True)
    # The floor only keeps a feature of all zeros from becoming 0 / 0.
    return scaling * features / ops.maximum(power, 1e-12)


def local_simple_filters(features, scaling):
    """As `simple_filters`, for dot products that are means over channels."""
    features = ops.convert_to_tensor(features)
    power = ops.mean(ops.square(features), axis=-1, keepdims=True)
    return scaling * features / (power + 1e-6)


def context_aware_filters(features, target_fg, target_bg):
    """Combines each feature and the mean feature to have given dot products.

    Args:
        features: `(batch, height, width, channels)`.
        target_fg: `(1,)` or `(channels,)`, the dot product with the feature.
        target_bg: the same, the dot product with the mean feature.

    Returns:
        Filters of the shape of `features`.
    """
    features = ops.convert_to_tensor(features)
    background = ops.mean(features, axis=(1, 2), keepdims=True)
    combination, determinant = _solve_context(
        features, background, target_fg, target_bg
    )
    return combination / determinant


def local_context_aware_filters(features, target_fg, target_bg, area):
    """As `context_aware_filters`, for means over channels.

    Args:
        features: `(batch, height, width, channels)`.
        target_fg: `(1,)` or `(channels,)`, the score on the feature.
        target_bg: the same, the score on the background.
        area: what the background is the mean feature of: "image", or "column"
            for one background for each column of cells.

    Returns:
        Filters of the shape of `features`.
    """
    features = ops.convert_to_tensor(features)
    axes = 1 if area == "column" else (1, 2)
    background = ops.mean(features, axis=axes, keepdims=True)
    combination, determinant = _solve_context(
        features, background, target_fg, target_bg
    )
    return features.shape[-1] * combination / (determinant + 1e-6)


def _solve_context(features, background, target_fg, target_bg):
    """Cramer's rule for the two coefficients of a context-aware filter."""
    ff = ops.sum(ops.square(features), axis=-1, keepdims=True)
    bb = ops.sum(ops.square(background), axis=-1, keepdims=True)
    fb = ops.sum(features * background, axis=-1, keepdims=True)
    combination = (target_fg * bb - target_bg * fb) * features - (
        target_fg * fb - target_bg * ff
    ) * background
    return combination, ops.maximum(ff * bb - ops.square(fb), 1e-6)
