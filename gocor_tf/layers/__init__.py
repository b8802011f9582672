"""Keras layers: correlation volumes, GOCor, decoders."""

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
from gocor_tf.layers.global_correlation import GlobalCorrelation
from gocor_tf.layers.global_gocor import GlobalGOCor
from gocor_tf.layers.local_correlation import LocalCorrelation
from gocor_tf.layers.local_gocor import LocalGOCor
from gocor_tf.layers.mutual_matching import MutualMatching
from gocor_tf.layers.neighbourhood_consensus import NeighbourhoodConsensus

__all__ = [
    "ContextAwareInitializer",
    "DistancePredictors",
    "FeatureL2Norm",
    "FlexibleContextAwareInitializer",
    "FlexibleSimpleInitializer",
    "GlobalCorrelation",
    "GlobalGOCor",
    "LocalContextAwareInitializer",
    "LocalCorrelation",
    "LocalFlexibleContextAwareInitializer",
    "LocalGOCor",
    "LocalSimpleInitializer",
    "MutualMatching",
    "NeighbourhoodConsensus",
    "SimpleInitializer",
    "ZeroInitializer",
]
