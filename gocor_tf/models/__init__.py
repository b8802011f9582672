"""Networks of the family and their presets."""

from gocor_tf.models.basenet import BaseNet
from gocor_tf.models.compact_pyramid import CompactPyramid
from gocor_tf.models.glunet import GLUNet
from gocor_tf.models.imagenet_weights import load_imagenet_weights
from gocor_tf.models.pdcnet import PDCNet
from gocor_tf.models.presets import load_model, presets
from gocor_tf.models.pwc_pyramid import PWCPyramid
from gocor_tf.models.pwcnet import PWCNet
from gocor_tf.models.semantic_glunet import SemanticGLUNet
from gocor_tf.models.vgg_pyramid import VGGPyramid
from gocor_tf.models.weights import load_weights

__all__ = [
    "BaseNet",
    "CompactPyramid",
    "GLUNet",
    "PDCNet",
    "PWCNet",
    "PWCPyramid",
    "SemanticGLUNet",
    "VGGPyramid",
    "load_imagenet_weights",
    "load_model",
    "load_weights",
    "presets",
]
