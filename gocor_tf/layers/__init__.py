"""Keras layers: correlation volumes, GOCor, decoders."""

from gocor_tf.layers.global_correlation import GlobalCorrelation
from gocor_tf.layers.local_correlation import LocalCorrelation
from gocor_tf.layers.local_gocor import LocalGOCor

__all__ = ["GlobalCorrelation", "LocalCorrelation", "LocalGOCor"]
