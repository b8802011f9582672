"""The global correspondence volume as the decoders see it."""

import keras
from keras import ops

from gocor_tf.layers import conv_block
from gocor_tf.layers.global_correlation import GlobalCorrelation
from gocor_tf.layers.global_gocor import GlobalGOCor
from gocor_tf.layers.neighbourhood_consensus import NeighbourhoodConsensus
from gocor_tf.ops import matching, normalization

CORRELATIONS = ("feature", "nc_net", "gocor")


@keras.saving.register_keras_serializable(package="gocor_tf")
class GlobalVolume(keras.layers.Layer):
    """Normalizes features, correlates them all, and activates the scores.

    Dot products, with or without consensus, are cut at zero and normalized
    over the query's cells; GOCor's scores pass a leaky ReLU (spec models.md,
    2.2 and 2.6).

    Example:
        >>> features = keras.random.normal((1, 16, 16, 32))
        >>> volume = GlobalVolume("gocor", {"num_iterations": 3})(
        ...     features, features
        ... )

    Args:
        correlation: "feature" (dot products), "nc_net" (dot products, mutual
            matching, neighbourhood consensus, mutual matching) or "gocor".
        gocor: arguments of `GlobalGOCor`, as a dict.
        mutual_matching: whether scores are damped that are no one's best.

    Call arguments:
        reference_features: `(batch, height, width, channels)`.
        query_features: `(batch, query_height, query_width, channels)`.
        num_iterations: of GOCor, instead of its own.

    Returns:
        `(batch, height, width, query_height * query_width)`, row-major.
    """

    def __init__(
        self,
        correlation="feature",
        gocor=None,
        mutual_matching=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        conv_block.check_choice("global_correlation", correlation, CORRELATIONS)
        self.correlation = correlation
        self.gocor = gocor
        self.mutual_matching = mutual_matching
        if correlation == "gocor":
            self.volume = GlobalGOCor(
                dtype=self.dtype_policy, name="gocor", **(gocor or {})
            )
        else:
            self.volume = GlobalCorrelation(
                dtype=self.dtype_policy, name="correlation"
            )
        if correlation == "nc_net":
            self.consensus = NeighbourhoodConsensus(
                dtype=self.dtype_policy, name="consensus"
            )

    def build(self, reference_features_shape, query_features_shape):
        if self.correlation == "gocor":
            self.volume.build(reference_features_shape, query_features_shape)
        if self.correlation == "nc_net":
            self.consensus.build((None,) * 5)

    def call(self, reference_features, query_features, num_iterations=None):
        features = (
            normalization.feature_l2_norm(reference_features),
            normalization.feature_l2_norm(query_features),
        )
        if self.correlation == "gocor":
            volume = self.volume(*features, num_iterations=num_iterations)
        else:
            volume = self.volume(*features)
        if self.correlation == "nc_net":
            volume = self._reach_consensus(
                volume, ops.shape(query_features)[1:3]
            )
        if self.mutual_matching:
            volume = matching.mutual_matching(volume)
        if self.correlation == "gocor":
            return conv_block.leaky_relu(volume)
        return normalization.relu_l2_norm(volume)

    def _reach_consensus(self, volume, query_size):
        shape = ops.shape(volume)
        volume = matching.mutual_matching(volume)
        volume = ops.reshape(volume, (-1, *shape[1:3], *query_size))
        volume = ops.reshape(self.consensus(volume), shape)
        return matching.mutual_matching(volume)

    def compute_output_shape(
        self, reference_features_shape, query_features_shape
    ):
        return self.volume.compute_output_shape(
            reference_features_shape, query_features_shape
        )

    def get_config(self):
        return {
            **super().get_config(),
            "correlation": self.correlation,
            "gocor": self.gocor,
            "mutual_matching": self.mutual_matching,
        }
