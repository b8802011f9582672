"""One level's mixture of distributions around the flow (PDC-Net; 7.6)."""

import keras
from keras import ops

from gocor_tf.layers import conv_block
from gocor_tf.layers.correlation_uncertainty import CorrelationUncertainty
from gocor_tf.layers.global_volume import GlobalVolume
from gocor_tf.layers.local_volume import LocalVolume
from gocor_tf.layers.uncertainty_decoder import UncertaintyDecoder
from gocor_tf.ops import mixture

# Of the mode whose variance is predicted, in px squared (published).
MIN_VARIANCE = 2.0

# Two log-variances, two logits.
NUM_PARAMETERS = 4


@keras.saving.register_keras_serializable(package="gocor_tf")
class MixtureLevel(keras.layers.Layer):
    """Predicts a mixture of two modes: one sharp, one as wide as need be.

    The sharp mode has a variance of 1, so its share is what says that the
    flow is right; the other's variance lies between 2 and a maximum (spec
    models.md, 6.8, 6.9 and 7.6). The scores that it looks at are plain
    correlations, also where the flow comes from GOCor's.

    Example:
        >>> features = keras.random.normal((1, 32, 32, 32))
        >>> MixtureLevel("local", 256.0**2)(features, features, features).shape
        (1, 32, 32, 4)

    Args:
        correlation: "global", of 16 x 16 query cells, or "local", of those up
            to 4 cells away.
        max_variance: of the wide mode, in px squared.
        width: factor on the decoders' channels.
        synchronized: whether replicas share batch statistics.

    Call arguments:
        reference_features: `(batch, height, width, channels)`.
        query_features: likewise; for "local", warped by the coarser flow.
        flow_features: of the flow decoder, `(batch, height, width, any)`.
        parameters: of the coarser level, resized: `(batch, height, width, 4)`.
        flow: of the coarser level, resized: `(batch, height, width, 2)`.

    Returns:
        `(batch, height, width, 4)`, float32 under 16-bit policies: the
        log-variances of the sharp mode (0) and of the wide one, then the
        logits of their shares.
    """

    def __init__(
        self,
        correlation,
        max_variance,
        width=1.0,
        synchronized=True,
        **kwargs,
    ):
        # Flows and log-variances keep their precision under 16-bit policies.
        super().__init__(autocast=False, **kwargs)
        conv_block.check_choice("correlation", correlation, ("global", "local"))
        if max_variance <= MIN_VARIANCE:
            raise ValueError(
                f"`max_variance` must be > {MIN_VARIANCE}. "
                f"Received: max_variance={max_variance}"
            )
        self.correlation = correlation
        self.max_variance = max_variance
        self.width = width
        self.synchronized = synchronized
        options = {
            "width": width,
            "synchronized": synchronized,
            "dtype": self.dtype_policy,
        }
        volume = GlobalVolume if correlation == "global" else LocalVolume
        self.volume = volume(dtype=self.dtype_policy, name="volume")
        self.correlation_uncertainty = CorrelationUncertainty(
            16 if correlation == "global" else 9,
            name="correlation_uncertainty",
            **options,
        )
        self.uncertainty = UncertaintyDecoder(name="uncertainty", **options)

    def build(
        self,
        reference_features_shape,
        query_features_shape,
        flow_features_shape,
        parameters_shape=None,
        flow_shape=None,
    ):
        grid = tuple(reference_features_shape[:-1])
        scores = self.correlation_uncertainty
        scores.build((*grid, scores.search_size**2))
        shapes = [
            scores.compute_output_shape((*grid, None)),
            flow_features_shape,
            parameters_shape,
            flow_shape,
        ]
        channels = sum(shape[-1] for shape in shapes if shape is not None)
        self.uncertainty.build((*grid, channels))

    def call(
        self,
        reference_features,
        query_features,
        flow_features,
        parameters=None,
        flow=None,
        training=None,
    ):
        scores = self.correlation_uncertainty(
            self.volume(reference_features, query_features), training=training
        )
        inputs = [scores, flow_features, parameters, flow]
        inputs = [
            ops.cast(tensor, self.compute_dtype)
            for tensor in inputs
            if tensor is not None
        ]
        values, logits = self.uncertainty(
            ops.concatenate(inputs, axis=-1), training=training
        )
        wide = mixture.constrain_log_variance(
            values, MIN_VARIANCE, self.max_variance
        )
        return ops.concatenate([ops.zeros_like(wide), wide, logits], axis=-1)

    def compute_output_shape(
        self,
        reference_features_shape,
        query_features_shape,
        flow_features_shape,
        parameters_shape=None,
        flow_shape=None,
    ):
        return (*reference_features_shape[:-1], NUM_PARAMETERS)

    def compute_output_spec(self, reference_features, *args, **kwargs):
        return keras.KerasTensor(
            (*reference_features.shape[:-1], NUM_PARAMETERS),
            conv_block.flow_dtype(self.compute_dtype),
        )

    def get_config(self):
        return {
            **super().get_config(),
            "correlation": self.correlation,
            "max_variance": self.max_variance,
            "width": self.width,
            "synchronized": self.synchronized,
        }
