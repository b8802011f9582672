"""Initial filter maps of global and local GOCor.

Truong et al., "GOCor: Bringing Globally Optimized Correspondence Volumes into
Your Neural Network", NeurIPS 2020, Section 3.6.

A filter map holds one filter for each reference cell. A simple filter is its
cell's feature, scaled to score 1 on it. A context-aware filter lies in the span
of its cell's feature and of the background, the mean feature; its scores on the
two are 1 and 0, or what `target_fg` and `target_bg` have learned; the flexible
variants learn one number for each channel. Local variants scale by the number
of channels, as local scores are means over channels and global scores sums.
All are computed in float32 at least, under any dtype policy.
"""

import keras
from keras import ops

from gocor_tf.ops import initial_filters


class _FilterInitializer(keras.layers.Layer):
    """Checks, casts and shapes; a subclass adds `_filter_map`, the formula."""

    def __init__(self, **kwargs):
        super().__init__(autocast=False, **kwargs)

    def build(self, reference_features_shape):
        shape = tuple(reference_features_shape)
        if len(shape) != 4 or shape[-1] is None:
            raise ValueError(
                "`reference_features` must be (batch, height, width, channels) "
                "with a known number of channels. "
                f"Received: reference_features.shape={shape}"
            )
        self._add_factors(channels=shape[-1])

    def call(self, reference_features):
        dtype = keras.backend.result_type(self.compute_dtype, "float32")
        filter_map = self._filter_map(ops.cast(reference_features, dtype))
        return ops.cast(filter_map, self.compute_dtype)

    def compute_output_shape(self, reference_features_shape):
        return tuple(reference_features_shape)

    def _add_factors(self, channels):
        """Creates the weights; by default there are none."""

    def _add_factor(self, name, size, value):
        return self.add_weight(
            name=name,
            shape=(size,),
            initializer=keras.initializers.Constant(value),
            autocast=False,
        )


@keras.saving.register_keras_serializable(package="gocor_tf")
class SimpleInitializer(_FilterInitializer):
    """Initializes each global filter with its scaled reference feature.

    Args:
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        reference_features: `(batch, height, width, channels)`.

    Returns:
        Filter map of the shape of `reference_features`.
    """

    def _add_factors(self, channels):
        self.scaling = self._add_factor("scaling", 1, 1.0)

    def _filter_map(self, features):
        return initial_filters.simple_filters(features, self.scaling)


@keras.saving.register_keras_serializable(package="gocor_tf")
class FlexibleSimpleInitializer(_FilterInitializer):
    """As `SimpleInitializer`, with one learned scale for each channel.

    Args:
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        reference_features: `(batch, height, width, channels)`.

    Returns:
        Filter map of the shape of `reference_features`.
    """

    def _add_factors(self, channels):
        self.scaling = self._add_factor("scaling", channels, 1.0)

    def _filter_map(self, features):
        return initial_filters.simple_filters(features, self.scaling)


@keras.saving.register_keras_serializable(package="gocor_tf")
class ContextAwareInitializer(_FilterInitializer):
    """Initializes global filters to tell their cell from the background.

    Args:
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        reference_features: `(batch, height, width, channels)`.

    Returns:
        Filter map of the shape of `reference_features`.
    """

    def _add_factors(self, channels):
        self.target_fg = self._add_factor("target_fg", 1, 1.0)
        self.target_bg = self._add_factor("target_bg", 1, 0.0)

    def _filter_map(self, features):
        return initial_filters.context_aware_filters(
            features, self.target_fg, self.target_bg
        )


@keras.saving.register_keras_serializable(package="gocor_tf")
class FlexibleContextAwareInitializer(_FilterInitializer):
    """As `ContextAwareInitializer`, with learned scores for each channel.

    Args:
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        reference_features: `(batch, height, width, channels)`.

    Returns:
        Filter map of the shape of `reference_features`.
    """

    def _add_factors(self, channels):
        self.target_fg = self._add_factor("target_fg", channels, 1.0)
        self.target_bg = self._add_factor("target_bg", channels, 0.0)

    def _filter_map(self, features):
        return initial_filters.context_aware_filters(
            features, self.target_fg, self.target_bg
        )


@keras.saving.register_keras_serializable(package="gocor_tf")
class ZeroInitializer(_FilterInitializer):
    """Initializes global or local filters with zeros.

    Args:
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        reference_features: `(batch, height, width, channels)`.

    Returns:
        Filter map of the shape of `reference_features`.
    """

    def _filter_map(self, features):
        return ops.zeros_like(features)


@keras.saving.register_keras_serializable(package="gocor_tf")
class LocalSimpleInitializer(_FilterInitializer):
    """Initializes each local filter with its scaled reference feature.

    Args:
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        reference_features: `(batch, height, width, channels)`.

    Returns:
        Filter map of the shape of `reference_features`.
    """

    def _add_factors(self, channels):
        self.scaling = self._add_factor("scaling", 1, 1.0)

    def _filter_map(self, features):
        return initial_filters.local_simple_filters(features, self.scaling)


@keras.saving.register_keras_serializable(package="gocor_tf")
class LocalContextAwareInitializer(_FilterInitializer):
    """Initializes local filters to tell their cell from the background.

    Args:
        background_area: where the background is averaged: "image", or
            "column" for one background for each column of cells.
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        reference_features: `(batch, height, width, channels)`.

    Returns:
        Filter map of the shape of `reference_features`.
    """

    def __init__(self, background_area="image", **kwargs):
        super().__init__(**kwargs)
        _check_background_area(background_area)
        self.background_area = background_area

    def _add_factors(self, channels):
        self.target_fg = self._add_factor("target_fg", 1, 1.0)
        self.target_bg = self._add_factor("target_bg", 1, 0.0)

    def _filter_map(self, features):
        return initial_filters.local_context_aware_filters(
            features, self.target_fg, self.target_bg, self.background_area
        )

    def get_config(self):
        return {
            **super().get_config(),
            "background_area": self.background_area,
        }


@keras.saving.register_keras_serializable(package="gocor_tf")
class LocalFlexibleContextAwareInitializer(_FilterInitializer):
    """As `LocalContextAwareInitializer`, with learned scores for each channel.

    Args:
        background_area: where the background is averaged: "column", one
            background for each column of cells, is what was published;
            "image" is what the paper means.
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        reference_features: `(batch, height, width, channels)`.

    Returns:
        Filter map of the shape of `reference_features`.
    """

    def __init__(self, background_area="column", **kwargs):
        super().__init__(**kwargs)
        _check_background_area(background_area)
        self.background_area = background_area

    def _add_factors(self, channels):
        self.target_fg = self._add_factor("target_fg", channels, 1.0)
        self.target_bg = self._add_factor("target_bg", channels, 0.0)

    def _filter_map(self, features):
        return initial_filters.local_context_aware_filters(
            features, self.target_fg, self.target_bg, self.background_area
        )

    def get_config(self):
        return {
            **super().get_config(),
            "background_area": self.background_area,
        }


GLOBAL_INITIALIZERS = {
    "simple": SimpleInitializer,
    "flexible_simple": FlexibleSimpleInitializer,
    "context_aware": ContextAwareInitializer,
    "flexible_context_aware": FlexibleContextAwareInitializer,
    "zero": ZeroInitializer,
}
LOCAL_INITIALIZERS = {
    "simple": LocalSimpleInitializer,
    "context_aware": LocalContextAwareInitializer,
    "flexible_context_aware": LocalFlexibleContextAwareInitializer,
    "zero": ZeroInitializer,
}


def get_global(name, /, **kwargs):
    """Creates the initializer of a name in `GLOBAL_INITIALIZERS`."""
    return _get(GLOBAL_INITIALIZERS, name)(**kwargs)


def get_local(name, /, **kwargs):
    """Creates the initializer of a name in `LOCAL_INITIALIZERS`."""
    return _get(LOCAL_INITIALIZERS, name)(**kwargs)


def _get(classes, name):
    if name not in classes:
        raise ValueError(
            f"`initializer` must be one of {sorted(classes)}. "
            f"Received: initializer={name!r}"
        )
    return classes[name]


def _check_background_area(background_area):
    if background_area not in ("image", "column"):
        raise ValueError(
            '`background_area` must be "image" or "column". '
            f"Received: background_area={background_area!r}"
        )
