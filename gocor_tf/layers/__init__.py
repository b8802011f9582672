"""Keras layers: correlation volumes, GOCor, decoders."""

from gocor_tf.layers.coarse_flow_level import CoarseFlowLevel
from gocor_tf.layers.context_network import ContextNetwork
from gocor_tf.layers.distance_predictors import DistancePredictors
from gocor_tf.layers.feature_l2_norm import FeatureL2Norm
from gocor_tf.layers.filter_initializers import (
    ContextAwareInitializer,
    FlexibleContextAwareInitializer,
    FlexibleSimpleInitializer,
    LocalContextAwareInitializer,
    LocalFlexibleContextAwareInitializer,
    LocalSimpleInitializer,
    SimpleInitializer,
    ZeroInitializer,
)
from gocor_tf.layers.flow_decoder import (
    DenseDecoder,
    PlainDecoder,
    ResidualDecoder,
)
from gocor_tf.layers.flow_level import FlowLevel
from gocor_tf.layers.global_correlation import GlobalCorrelation
from gocor_tf.layers.global_gocor import GlobalGOCor
from gocor_tf.layers.global_volume import GlobalVolume
from gocor_tf.layers.local_correlation import LocalCorrelation
from gocor_tf.layers.local_gocor import LocalGOCor
from gocor_tf.layers.local_volume import LocalVolume
from gocor_tf.layers.mutual_matching import MutualMatching
from gocor_tf.layers.neighbourhood_consensus import NeighbourhoodConsensus

__all__ = [
    "CoarseFlowLevel",
    "ContextAwareInitializer",
    "ContextNetwork",
    "DenseDecoder",
    "DistancePredictors",
    "FeatureL2Norm",
    "FlexibleContextAwareInitializer",
    "FlexibleSimpleInitializer",
    "FlowLevel",
    "GlobalCorrelation",
    "GlobalGOCor",
    "GlobalVolume",
    "LocalContextAwareInitializer",
    "LocalCorrelation",
    "LocalFlexibleContextAwareInitializer",
    "LocalGOCor",
    "LocalSimpleInitializer",
    "LocalVolume",
    "MutualMatching",
    "NeighbourhoodConsensus",
    "PlainDecoder",
    "ResidualDecoder",
    "SimpleInitializer",
    "ZeroInitializer",
]
